import type { JobStore, PersistQueue, RunJournal, RunQueue, RunSignals, TickQueue } from '#libs/contract';
import type { DeliveryTarget } from '#libs/delivery';
import type { Logger } from '#libs/platform';

/** What firing, settling and delivering need of the world. What time it is the store says. */
export interface JobPorts {
  readonly jobs: JobStore;
  readonly log: RunJournal & RunSignals;
  readonly runs: Pick<RunQueue, 'place' | 'enqueue' | 'depth' | 'remove'>;
  readonly persist: Pick<PersistQueue, 'enqueue'>;
  readonly ticks: Pick<TickQueue, 'arm'>;
  readonly targets: readonly DeliveryTarget[];
  readonly logger: Logger;
  /** The model of jobs that name none. */
  readonly defaultModel: string;
  /** Runs that may wait for a worker; beyond it claimed runs wait in the store. */
  readonly queuedMax: number;
  /** The same for one API key. */
  waitingMaxOf(owner: string): number;
}
