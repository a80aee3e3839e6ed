import { redisWorkerRegistry } from '#libs/bus';
import type { WorkerInfo, WorkerRegistry } from '#libs/contract';
import { Module, type DynamicModule } from '@nestjs/common';
import type { WorkerCore } from './worker-core.js';

const ANNOUNCE_EVERY_MS = 5_000;
const DISCOVER_EVERY_MS = 60_000;

/** Tells the API that this worker is there, and which models and tools it has. */
@Module({})
export class AnnouncementModule {
  /** Resolves after the first announcement. */
  static async for(core: WorkerCore): Promise<DynamicModule> {
    const { config, logger, drain, active, routes, tools } = core;
    const silence = await announce({
      registry: redisWorkerRegistry(core.connection),
      info: () => ({
        id: core.workerId,
        version: core.version,
        capacity: config.worker.concurrency,
        active: active.count,
        models: routes.models(),
        tools: tools.names(),
        unknownModels: config.models.unknown,
        defaultModel: config.models.defaultName,
      }),
      discover: () => routes.discover(),
      onError: (cause) => logger.warn({ err: cause }, 'the worker could not announce itself'),
    });
    drain.onDrain(silence);
    return { module: AnnouncementModule };
  }
}

interface Announcement {
  readonly registry: WorkerRegistry;
  /** Read at every heartbeat. */
  info(): WorkerInfo;
  /** Asks the upstreams for their models. */
  discover(): Promise<void>;
  onError(cause: unknown): void;
}

/**
 * Announces every few seconds that this worker is there and which models it serves. A worker that dies just falls
 * silent. @returns a function that stops this and takes the worker off the list.
 */
async function announce(announcement: Announcement): Promise<() => Promise<void>> {
  const { registry, info, discover, onError } = announcement;
  const tell = (): Promise<void> => registry.announce(info()).catch(onError);
  // The first announcement does not wait for the upstreams: configured models are served whatever these list.
  await Promise.all([tell(), discover().then(tell)]);
  const heartbeat = setInterval(() => void tell(), ANNOUNCE_EVERY_MS);
  const discovery = setInterval(() => void discover(), DISCOVER_EVERY_MS);
  return async () => {
    clearInterval(heartbeat);
    clearInterval(discovery);
    await registry.leave(info().id).catch(onError);
  };
}
