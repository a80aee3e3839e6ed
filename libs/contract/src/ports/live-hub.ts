import type { LoggedEvent } from '../runs/run-event.js';

/** A hint that the run's log has grown, with the new events if they are next in line. */
export type Wake = (events: readonly LoggedEvent[]) => void;

export interface LiveSubscription {
  close(): Promise<void>;
}

/** One subscriber connection per process, however many clients watch however many runs. */
export interface LiveHub {
  /** The channel name of this process: the RunSpec.instance of every run that it opens. */
  readonly instance: string;
  /**
   * Resolves once nothing published later can be missed, unless the connection breaks. `instance` is that of the run;
   * runs of this process need no SUBSCRIBE. An empty `wake` call means: messages may be missing, read the log.
   */
  watch(runId: string, instance: string, wake: Wake): Promise<LiveSubscription>;
  close(): Promise<void>;
}
