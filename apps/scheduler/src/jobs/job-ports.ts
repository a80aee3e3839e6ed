import type { JobStore, TickQueue } from '#libs/contract';
import type { DeliveryTarget } from '#libs/delivery';
import type { Logger } from '#libs/platform';
import type { CancelPorts, QueueRoom } from '#libs/runs';

/** What firing, settling and delivering need of the world. The store tells the time. */
export interface JobDutyPorts extends CancelPorts {
  readonly jobs: JobStore;
  readonly ticks: Pick<TickQueue, 'arm'>;
  readonly targets: readonly DeliveryTarget[];
  readonly logger: Logger;
  /** The model of jobs that name none. */
  readonly defaultModel: string;
  /** Runs that may wait for a worker; beyond it claimed runs wait in the store. */
  readonly room: QueueRoom;
}
