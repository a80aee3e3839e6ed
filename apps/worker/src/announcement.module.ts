import { redisWorkerRegistry } from '#libs/bus';
import { GatewayError, type WorkerInfo, type WorkerRegistry } from '#libs/contract';
import { Module, type DynamicModule } from '@nestjs/common';
import { approvalOf } from './approval-policy.js';
import { modelPrices } from './models/spend-terms.js';
import type { WorkerCore } from './worker-core.js';

const ANNOUNCE_EVERY_MS = 5_000;
const DISCOVER_EVERY_MS = 60_000;
/** For upstreams that may come at any time: a model server on the same machine is started after the gateway. */
const DISCOVER_AWAY_EVERY_MS = 2_000;

/** Announces this worker to the API, with its models and tools. */
@Module({})
export class AnnouncementModule {
  static for(core: WorkerCore): DynamicModule {
    const { config, logger, drain, active, routes, tools } = core;
    const { termsOf } = modelPrices(config.models, routes);
    const approval = approvalOf(config.approvals.rules);
    const silence = announce({
      registry: redisWorkerRegistry(core.connection),
      info: () => ({
        id: core.workerId,
        version: core.version,
        // Without a model it takes nothing.
        capacity: routes.hasModels() ? config.worker.concurrency : 0,
        active: active.count,
        models: routes.models().map((model) => (termsOf(model.name) ? { ...model, isPriced: true } : model)),
        upstreams: routes.upstreams(),
        tools: tools.names(),
        toolInfos: tools.infos(approval),
        mcpServers: tools.mcpStates(),
        unknownModels: config.models.unknown,
        defaultModel: config.models.defaultName,
      }),
      discover: () => routes.discover(),
      discoverAway: () => routes.discoverAway(),
      watch: (listener) => routes.watch(listener),
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
  /** Asks those that list nothing now. @returns whether there were any. */
  discoverAway(): Promise<boolean>;
  /** `listener` is called whenever the models may be others than before, and once at once. */
  watch(listener: () => void): void;
  onError(cause: unknown): void;
}

/**
 * Announces every few seconds, and when its models change, that this worker is there and which models it serves.
 * Nothing waits for it: Redis or an upstream may be away. A worker that dies just falls silent.
 * @returns a function that stops this and takes the worker off the list.
 */
export function announce({
  registry,
  info,
  discover,
  discoverAway,
  watch,
  onError,
}: Announcement): () => Promise<void> {
  let hasLeft = false;
  let told = '';
  const tell = async (): Promise<void> => {
    if (hasLeft) return;
    const now = info();
    told = JSON.stringify(now.models);
    await registry.announce(now).catch(onError);
  };
  // The first announcement does not wait for the upstreams: configured models are served whatever these list.
  void tell();
  watch(() => {
    if (JSON.stringify(info().models) !== told) void tell();
  });
  void discover().then(tell);
  const heartbeat = setInterval(() => void tell(), ANNOUNCE_EVERY_MS);
  const discovery = setInterval(() => void discover(), DISCOVER_EVERY_MS);
  const lookOut = setInterval(
    () => void discoverAway().then((asked) => (asked ? tell() : undefined)),
    DISCOVER_AWAY_EVERY_MS,
  );
  return async () => {
    hasLeft = true;
    clearInterval(heartbeat);
    clearInterval(discovery);
    clearInterval(lookOut);
    await registry.leave(info().id).catch(onError);
  };
}
