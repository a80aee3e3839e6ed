import { bullTickQueue, redisChatDesk, redisIdempotency } from '#libs/bus';
import type { Idempotency, JobStore, TickQueue } from '#libs/contract';
import { createTargets, type DeliveryTarget } from '#libs/delivery';
import type { Logger } from '#libs/platform';
import type { CancelPorts, QueueRoom } from '#libs/runs';
import type { Tracing } from '#libs/tracing';
import { storeClient } from '#libs/store-client';
import type { SchedulerCore } from '../scheduler-core.js';

/** Time for a hundred records on a busy store; no client waits for them. */
const STORE_ANSWER_MS_MAX = 15_000;

/** The ports for firing, settling and delivering. The store's clock counts. */
export interface JobDutyPorts extends CancelPorts {
  readonly jobs: JobStore;
  readonly ticks: Pick<TickQueue, 'arm'>;
  /** Remembers which runs were opened, so that none is opened again after its log and its row were deleted. */
  readonly opened: Pick<Idempotency, 'reserve'>;
  readonly targets: readonly DeliveryTarget[];
  readonly logger: Logger;
  /** Counts attempts to deliver results, by the kind of their target and by what came of them. */
  readonly meters: { delivered(scheme: string, outcome: DeliveryEnd): void };
  /** The model of jobs that do not name one. */
  readonly defaultModel: string;
  /** Bounds on the runs that may wait for a worker. Beyond them claimed runs wait in the store. */
  readonly room: QueueRoom;
  /** Absent: this deployment does not trace. */
  readonly tracing?: Pick<Tracing, 'delivery' | 'occurrence'> | undefined;
}

/** `retried`: it failed and comes again. */
export type DeliveryEnd = 'delivered' | 'retried' | 'failed';

export function jobDutyPorts(core: SchedulerCore): JobDutyPorts {
  const { config, connection, closers, ports, meters, tracing } = core;
  const { queuedMax, queuedPerKeyMax, orderBytesPerKeyMax } = config.api;
  const ownMax = new Map(config.auth.limits.map(({ name, queuedMax }) => [name, queuedMax]));
  return {
    ...ports,
    tracing,
    meters,
    jobs: storeClient({ ...config.store, answerMsMax: STORE_ANSWER_MS_MAX }).jobs,
    ticks: closers.own(bullTickQueue(connection), (queue) => queue.close()),
    opened: redisIdempotency(connection),
    targets: createTargets(config.jobs, redisChatDesk(connection)),
    defaultModel: config.models.defaultName,
    room: {
      queuedMax,
      orderBytesMax: orderBytesPerKeyMax,
      waitingMaxOf: (owner) => ownMax.get(owner) ?? queuedPerKeyMax,
      // The scheduler does not know the workers. With 0 slots placing costs a round trip and keeps the order.
      slots: () => 0,
    },
  };
}
