import { redisWorkerRegistry } from '#libs/bus';
import { GatewayError, type WorkerInfo, type WorkerRegistry } from '#libs/contract';
import { Module, type DynamicModule } from '@nestjs/common';
import type { WorkerCore } from './worker-core.js';

const ANNOUNCE_EVERY_MS = 5_000;
const DISCOVER_EVERY_MS = 60_000;
/** A worker that knows no model takes nothing, so it asks more often. */
const DISCOVER_AGAIN_MS = 3_000;

/** Tells the API that this worker is there, and which models and tools it has. */
@Module({})
export class AnnouncementModule {
  static for(core: WorkerCore): DynamicModule {
    const { config, logger, drain, active, routes, tools } = core;
    const silence = announce({
      registry: redisWorkerRegistry(core.connection),
      info: () => ({
        id: core.workerId,
        version: core.version,
        // Without a model it takes nothing.
        capacity: routes.hasModels() ? config.worker.concurrency : 0,
        active: active.count,
        models: routes.models(),
        tools: tools.names(),
        unknownModels: config.models.unknown,
        defaultModel: config.models.defaultName,
      }),
      discover: () => routes.discover(),
      hasModels: () => routes.hasModels(),
      onError: (cause) => logger.warn({ err: cause }, 'the worker could not announce itself'),
    });
    drain.onDrain(silence);
    return { module: AnnouncementModule };
  }
}

/** Rejects with GatewayError `unavailable` while the worker has no model, which is when it takes no run. */
export async function assertModels({ routes }: Pick<WorkerCore, 'routes'>): Promise<void> {
  if (routes.hasModels()) return;
  throw new GatewayError('unavailable', 'No model is known: none is configured, and no upstream has listed any.');
}

interface Announcement {
  readonly registry: WorkerRegistry;
  /** Read at every heartbeat. */
  info(): WorkerInfo;
  /** Asks the upstreams for their models. */
  discover(): Promise<void>;
  hasModels(): boolean;
  onError(cause: unknown): void;
}

/**
 * Announces every few seconds that this worker is there and which models it serves. Nothing waits for it: Redis or an
 * upstream may be away. A worker that dies just falls silent. @returns a function that stops this and takes the worker
 * off the list.
 */
function announce({ registry, info, discover, hasModels, onError }: Announcement): () => Promise<void> {
  let hasLeft = false;
  let discovery: NodeJS.Timeout | undefined;
  const tell = async (): Promise<void> => {
    if (!hasLeft) await registry.announce(info()).catch(onError);
  };
  const discoverAgain = async (): Promise<void> => {
    await discover();
    await tell();
    if (!hasLeft)
      discovery = setTimeout(() => void discoverAgain(), hasModels() ? DISCOVER_EVERY_MS : DISCOVER_AGAIN_MS);
  };
  // The first announcement does not wait for the upstreams: configured models are served whatever these list.
  void tell();
  void discoverAgain();
  const heartbeat = setInterval(() => void tell(), ANNOUNCE_EVERY_MS);
  return async () => {
    hasLeft = true;
    clearInterval(heartbeat);
    clearTimeout(discovery);
    await registry.leave(info().id).catch(onError);
  };
}
