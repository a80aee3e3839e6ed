import {
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  redisIdempotency,
  redisLiveHub,
  redisRunLog,
  redisWorkerRegistry,
  type Idempotency,
  type WorkerRegistry,
} from '#libs/bus';
import type { Config } from '#libs/config';
import { HealthModule, type Closers, type Drain, type Logger } from '#libs/platform';
import { checkRegistry, PROTOCOLS } from '#libs/protocols';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { Admission } from './admission/admission.js';
import { RunDesk } from './admission/run-desk.js';
import { hostCheck } from './auth/allowed-hosts.js';
import { AuthGuard } from './auth/auth.guard.js';
import { FailedLogins } from './auth/failed-logins.js';
import { KeyRing } from './auth/key-ring.js';
import { Cors } from './http/cors.js';
import { CreateRun } from './http/create-run.js';
import { ApiDocument } from './http/docs/api-document.js';
import { DocsController } from './http/docs/docs.controller.js';
import { acceptJsonOnly, edgeHook } from './http/edge.js';
import { ErrorFilter } from './http/error.filter.js';
import { ErrorReplies } from './http/error-reply.js';
import { StreamSweep } from './http/event-stream.js';
import { Exchanges } from './http/exchanges.js';
import { HealthController, VERSION } from './http/health.controller.js';
import { ModelsController } from './http/models.controller.js';
import { protocolController } from './http/protocol.controller.js';
import { RouteTable } from './http/route-table.js';
import { RunEvents } from './http/run-events.js';
import { RunsController } from './http/runs.controller.js';
import { serverOptions } from './http/server-options.js';
import { Listeners } from './runs/listeners.js';
import { ModelDirectory } from './runs/model-directory.js';
import { RunService, type RunPorts } from './runs/run-service.js';
import { httpStoreClient } from './runs/store-client.js';

export interface ApiParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** Everything outside this process that the API talks to. */
export interface ApiPorts extends RunPorts {
  readonly idempotency: Idempotency;
  readonly registry: WorkerRegistry;
  /** Resolves when Redis answers. */
  ping(): Promise<void>;
}

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
    return assembleApi(parts, connectPorts(parts));
  }
}

function connectPorts({ config, logger, closers }: ApiParts): ApiPorts {
  const { url, prefix } = config.redis;
  const onError = (cause: Error): void => logger.warn({ err: cause }, 'redis connection');
  const connection = closers.own(connectRedis({ url, prefix, role: 'api', onError }), (c) => c.close());
  const subscriber = connectRedis({ url, prefix, role: 'subscriber', onError });
  const instance = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  return {
    log: redisRunLog(connection),
    hub: closers.own(redisLiveHub(subscriber, instance), (hub) => hub.close()),
    queue: closers.own(bullRunQueue(connection), (queue) => queue.close()),
    persist: closers.own(bullPersistQueue(connection), (queue) => queue.close()),
    store: httpStoreClient(config.store),
    idempotency: redisIdempotency(connection),
    registry: redisWorkerRegistry(connection),
    logger,
    ping: () => connection.ping(),
  };
}

/** The API over any ports: Redis in production, memory in tests. */
export function assembleApi(parts: ApiParts, ports: ApiPorts): Api {
  const { config, logger, closers, drain, version } = parts;
  checkRegistry(PROTOCOLS);
  const runs = new RunService(ports);
  const admission = new Admission(ports.queue, config.api);
  const models = closers.own(new ModelDirectory(ports.registry, config.models.defaultName, logger), (m) => m.close());
  const sweep = closers.own(new StreamSweep(config.api.sseKeepaliveMs), (s) => s.close());
  const exchanges = new Exchanges();
  drain.onDrain((deadline) => exchanges.drain(deadline));
  const listeners = new Listeners();
  const desk = new RunDesk({ runs, admission, idempotency: ports.idempotency, store: ports.store, logger });
  const exchangeParts = { runs, admission, exchanges, sweep, logger };
  const replies = new ErrorReplies(PROTOCOLS, logger);
  const routes = new RouteTable();
  const protocols = PROTOCOLS.map((protocol) => ({ protocol, controller: protocolController(protocol) }));
  const document = new ApiDocument(protocols, version);
  const providers: Provider[] = [
    { provide: RunService, useValue: runs },
    {
      provide: CreateRun,
      useValue: new CreateRun({
        ...exchangeParts,
        desk,
        models,
        listeners,
        messageCharsMax: config.api.messageCharsMax,
      }),
    },
    { provide: RunEvents, useValue: new RunEvents({ ...exchangeParts, listeners }) },
    { provide: ModelDirectory, useValue: models },
    { provide: ErrorReplies, useValue: replies },
    { provide: VERSION, useValue: version },
    { provide: ApiDocument, useValue: document },
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ];
  const module: DynamicModule = {
    module: ApiModule,
    imports: [HealthModule.forService({ checks: { redis: ports.ping }, drain })],
    controllers: [
      ...protocols.map(({ controller }) => controller),
      RunsController,
      ModelsController,
      HealthController,
      DocsController,
    ],
    providers,
  };
  const fastify = serverOptions(replies, config.api.bodyBytesMax);
  return { module, fastify, routes, configure: configureWith(parts, { routes, document }) };
}

function configureWith(
  { config, logger, drain }: ApiParts,
  { routes, document }: { readonly routes: RouteTable; readonly document: ApiDocument },
): Api['configure'] {
  const keys = new KeyRing(config.auth.keys);
  if (keys.isEmpty) {
    logger.warn('no API key is configured: everybody who reaches this address may use the API and see every run');
  }
  return (app) => {
    const adapter = app.getHttpAdapter() as FastifyAdapter;
    const instance = adapter.getInstance();
    instance.decorateRequest('owner', undefined);
    routes.watch(instance);
    acceptJsonOnly(instance, config.api.bodyBytesMax);
    const failedLogins = new FailedLogins();
    const cors = new Cors(config.api.corsOrigins);
    const isAllowedHost = hostCheck(config.api);
    adapter.setOnRequestHook(edgeHook({ keys, failedLogins, isAllowedHost, cors, routes, drain }));
    document.attach(app);
  };
}
