# One image for all services; the command chooses which. No Redis and no database inside: see docker-compose.yml.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY libs ./libs
COPY apps ./apps
COPY scripts ./scripts
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
# The young generation: see apps/launcher/src/processes/services.ts.
ENV NODE_ENV=production TALARIA_DATA=/data NODE_OPTIONS=--max-semi-space-size=64
WORKDIR /app
# The only folder a service may have to write to, and only one without DATABASE_URL.
RUN install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER 10001:10001
EXPOSE 8642
ENTRYPOINT ["node"]
CMD ["dist/apps/api/src/main.js"]
