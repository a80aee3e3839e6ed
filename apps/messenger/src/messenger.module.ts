import { connectRedis, redisChatDesk, redisLeases, redisRunPorts, redisWorkerRegistry } from '#libs/bus';
import type { Config } from '#libs/config';
import {
  HealthModule,
  Metrics,
  MetricsModule,
  redisNews,
  ReleaseModule,
  type Closers,
  type Drain,
  type Logger,
} from '#libs/platform';
import { Runs } from '#libs/runs';
import { storeClient } from '#libs/store-client';
import { Module, type DynamicModule } from '@nestjs/common';
import { hostname } from 'node:os';
import { ChatHost } from './chats/chat-host.js';
import { inletOf, takeIn, type IntakePorts } from './intake/intake.js';
import { sayServed } from './intake/say-served.js';
import { WEBHOOK_DOORS, WebhooksController, type WebhookDoors } from './intake/webhooks.controller.js';
import { MessengerMeters } from './messenger-meters.js';
import { createMessengers } from './messengers.js';
import { Tokens } from './tokens.js';

export interface MessengerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** Composition root of the messenger. Any number may run: each chat has one writer, each platform one intake. */
@Module({})
export class MessengerModule {
  static start({ config, logger, closers, drain, version }: MessengerParts): DynamicModule {
    const { url, prefix } = config.redis;
    const news = redisNews(logger, { redisFailed: () => meters.redisFailed() });
    const connection = closers.own(connectRedis({ url, prefix, role: 'api', ...news }), (c) => c.close());
    const subscriber = connectRedis({ url, prefix, role: 'subscriber', ...news });
    const holder = `messenger-${hostname()}-${process.pid}`;
    const ports = closers.own(redisRunPorts(connection, subscriber, holder), (p) => p.close());
    const metrics = new Metrics({ service: 'messenger', version, isDraining: () => drain.draining });
    const meters = new MessengerMeters(metrics, () => host.active);
    const desk = redisChatDesk(connection);
    const registry = redisWorkerRegistry(connection);
    const tokens = new Tokens(logger);
    const messengers = createMessengers(config, logger, tokens);
    const host = new ChatHost(
      {
        runs: new Runs({ ...ports, ...storesOf(config), room: roomOf(config), ...unsettledTo(logger) }),
        desk,
        logger,
        now: Date.now,
        workers: async () => (await registry.list()).map(({ info }) => info),
        onFirstText: (seconds) => meters.showed(seconds),
        onCall: (kind, outcome) => meters.called(kind, outcome),
        onDone: (kind, outcome) => meters.told(kind, outcome),
      },
      messengers,
      holder,
    );
    const intake: IntakePorts = {
      desk,
      leases: redisLeases(connection),
      logger,
      onUpdate: (outcome) => meters.took(outcome),
      onEntry: () => host.bell.ring(),
    };
    const stopping = new AbortController();
    host.start();
    const platforms = messengers.map(({ platform }) => platform);
    const intakes = platforms.map((platform) => takeIn(intake, platform, { holder, signal: stopping.signal }));
    const names = platforms.map(({ name }) => name);
    const said = sayServed(desk, names, { logger, signal: stopping.signal });
    drain.onDrain(async () => {
      stopping.abort();
      await Promise.all([host.stop(), said, ...intakes]);
    });
    const doors: WebhookDoors = { platforms, inletOf: (platform) => inletOf(intake, platform) };
    return {
      module: MessengerModule,
      controllers: [WebhooksController],
      providers: [{ provide: WEBHOOK_DOORS, useValue: doors }],
      imports: [
        HealthModule.forService({ checks: { redis: () => connection.ping(), tokens: () => tokens.check() }, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
  }
}

function storesOf(config: Config) {
  const { runs: store, sessions } = storeClient(config.store);
  return { store, sessions };
}

function roomOf({ api, auth }: Config) {
  const ownMax = new Map(auth.limits.map(({ name, queuedMax }) => [name, queuedMax]));
  return {
    queuedMax: api.queuedMax,
    orderBytesMax: api.orderBytesPerKeyMax,
    waitingMaxOf: (owner: string) => ownMax.get(owner) ?? api.queuedPerKeyMax,
    // The messenger does not count the workers' places; 0 costs a round trip and keeps the order.
    slots: () => 0,
  };
}

/** The scheduler repeats what failed. */
const unsettledTo = (logger: Logger) => ({
  onUnsettled: ({ cause, runId, what }: { cause: unknown; runId?: string; what: string }) =>
    logger.warn({ err: cause, runId }, what),
});
