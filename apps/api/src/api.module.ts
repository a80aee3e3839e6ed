import { HealthModule, Metrics } from '#libs/platform';
import { checkRegistry, PROTOCOLS } from '#libs/protocols';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions } from 'fastify';
import type { Server } from 'node:http';
import { CreateOnce } from './runs/admitting/create-once.js';
import { buildCore } from './api-core.js';
import { connectPorts, type ApiParts, type ApiPorts } from './api-ports.js';
import { hostCheck } from './edge/auth/allowed-hosts.js';
import { AuthGuard } from './edge/auth/auth.guard.js';
import { FailedLogins } from './edge/auth/failed-logins.js';
import { decorateOwner } from './edge/auth/request-owner.js';
import { KeyRing } from './edge/auth/key-ring.js';
import { Cors } from './edge/cors.js';
import { CreateRun } from './answering/create-run.js';
import { ApiDocument } from './docs/api-document.js';
import { DocsController } from './docs/docs.controller.js';
import { acceptJsonOnly, edgeHook } from './edge/edge.js';
import { ErrorFilter } from './edge/error.filter.js';
import { ErrorReplies } from './edge/error-reply.js';
import { HealthController, VERSION } from './models/health.controller.js';
import { ModelsController } from './models/models.controller.js';
import { protocolController } from './answering/protocol.controller.js';
import { RouteTable } from './edge/route-table.js';
import { RunEvents } from './runs-api/run-events.js';
import { RunsController } from './runs-api/runs.controller.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { ignoreExpectations, serverOptions } from './edge/server-options.js';
import { jobProviders } from './jobs/job-routes.js';
import { JobsController } from './jobs/jobs.controller.js';
import { ApiMeters } from './edge/api-meters.js';
import { assembleOperators, type AssembledOperators, type Eyes } from './operators/assemble-operators.js';
import { responsesApi, RESPONSE_PATHS } from './responses/responses-parts.js';
import { ModelDirectory } from './runs/model-directory.js';
import { RunService } from './runs/run-service.js';
import { runsApi } from './runs-api/runs-api.js';
import { sessionService } from './sessions/session-parts.js';
import type { ResponseSockets } from './responses/socket/response-sockets.js';

/** What `bootstrap` needs to run the API. */
export interface Api {
  readonly module: DynamicModule;
  readonly fastify: FastifyHttpOptions<Server>;
  readonly routes: RouteTable;
  configure(app: NestFastifyApplication): void;
}

/** Composition root of the API: nothing here waits, so it starts and answers 503 while Redis is away. */
@Module({})
export class ApiModule {
  static start(parts: ApiParts): Api {
    const metrics = new Metrics({ service: 'api', version: parts.version, isDraining: () => parts.drain.draining });
    const meters = new ApiMeters(metrics);
    return assembleApi(parts, connectPorts(parts, meters), { metrics, meters });
  }
}

/** The API over any ports: Redis in production, memory in tests. */
export function assembleApi(parts: ApiParts, ports: ApiPorts, eyes: Eyes): Api {
  const { config, logger, drain, version } = parts;
  checkRegistry(PROTOCOLS);
  const core = buildCore(parts, ports, eyes.meters);
  const responses = responsesApi(core, ports);
  const createRun = new CreateRun({ ...core, preparations: responses.preparations });
  const runs = runsApi({ core, createRun, ports, authRequired: config.auth.keys.length > 0 });
  const replies = new ErrorReplies(PROTOCOLS, logger, (...error) => eyes.meters.errorAnswered(...error));
  const operators = assembleOperators({ ...parts, ...ports, ...eyes, replies }, core);
  const routes = new RouteTable();
  const protocols = PROTOCOLS.map((protocol) => ({ protocol, controller: protocolController(protocol) }));
  const document = new ApiDocument(protocols, version);
  const module: DynamicModule = {
    module: ApiModule,
    imports: [HealthModule.forService({ checks: { redis: ports.ping }, drain }), ...operators.imports],
    controllers: [
      ...protocols.map(({ controller }) => controller),
      ...responses.controllers,
      RunsController,
      SessionsController,
      JobsController,
      ...runs.controllers,
      ModelsController,
      HealthController,
      DocsController,
      ...operators.controllers,
    ],
    providers: [
      ...responses.providers,
      ...jobProviders(ports, config.jobs),
      ...runs.providers,
      { provide: RunService, useValue: core.runs },
      sessionService(ports),
      { provide: CreateOnce, useValue: new CreateOnce(ports.idempotency, logger) },
      { provide: CreateRun, useValue: createRun },
      { provide: RunEvents, useValue: new RunEvents(core) },
      { provide: ModelDirectory, useValue: core.models },
      { provide: ErrorReplies, useValue: replies },
      { provide: VERSION, useValue: version },
      { provide: ApiDocument, useValue: document },
      { provide: APP_GUARD, useClass: AuthGuard },
      { provide: APP_FILTER, useClass: ErrorFilter },
      ...operators.providers,
    ],
  };
  return {
    module,
    fastify: serverOptions(replies, config.api.bodyBytesMax),
    routes,
    configure: configureWith(parts, { routes, document, operators, replies, sockets: responses.sockets(createRun) }),
  };
}

interface Configured {
  readonly routes: RouteTable;
  readonly document: ApiDocument;
  readonly operators: AssembledOperators;
  readonly replies: ErrorReplies;
  readonly sockets: ResponseSockets;
}

function configureWith(
  { config, logger, drain }: ApiParts,
  { routes, document, operators, replies, sockets }: Configured,
): Api['configure'] {
  const keys = new KeyRing(config.auth.keys);
  if (keys.isEmpty) {
    logger.warn(
      'no API key is set: every program on this machine can use the gateway and see every run. Set API_SERVER_KEY (openssl rand -hex 24).',
    );
  }
  return (app) => {
    const adapter = app.getHttpAdapter() as FastifyAdapter;
    const instance = adapter.getInstance();
    instance.server.maxConnections = config.api.connectionsMax;
    decorateOwner(instance);
    routes.watch(instance);
    acceptJsonOnly(instance, config.api.bodyBytesMax);
    const failedLogins = new FailedLogins();
    const cors = new Cors(config.api.corsOrigins);
    const isAllowedHost = hostCheck(config.api);
    const edge = { keys, failedLogins, isAllowedHost, cors, drain };
    adapter.setOnRequestHook(edgeHook({ ...edge, routes, replies, ...operators.doors(edge) }));
    operators.addPages(instance);
    ignoreExpectations(app.getHttpServer() as Server);
    sockets.attach(instance, { ...edge, paths: RESPONSE_PATHS, messageBytesMax: config.api.bodyBytesMax });
    document.attach(app);
  };
}
