/** `background`: nobody watches the run, because it is a job's or was asked for in the background. */
export type Lane = 'interactive' | 'background';

export interface QueuePlaceRequest {
  readonly owner: string;
  readonly lane: Lane;
  /** Runs that this key may have waiting in this lane. */
  readonly waitingMax: number;
  /** Runs that all workers together execute at the same time, as far as is known. */
  readonly slots: number;
}

export type QueuePlace =
  | { readonly kind: 'placed'; readonly tag: number }
  /** `full`: the key has as many runs waiting as it may. `no_memory`: Redis keeps its last memory for existing runs. */
  | { readonly kind: 'full' | 'no_memory' };

/** A run, and the generation of the job that is meant: each time the run is parked, it gets another job. */
export interface QueuedRun {
  readonly runId: string;
  readonly generation: number;
}

export interface EnqueueTerms {
  /** The run's model, if it is known. */
  readonly model?: string;
  /** Hash of what requests with a common beginning share (`affinityOf`), if it is known. */
  readonly affinity?: string;
  /**
   * Nobody can have queued a run of this id before. Without it the queue looks whether it remembers an ended job of the
   * id, which would swallow this one.
   */
  readonly isNewId?: boolean;
}

/**
 * The queue of runs that wait for a worker. It carries ids and names of models: the spec is in the run's log. A worker
 * that does not have the model hands the run on; whoever queues a run without knowing its model leaves that out, and
 * the worker looks it up.
 */
export interface RunQueue {
  /**
   * The place of a key's next run among the waiting ones, for `enqueue` (see fair-order.ts). Costs a round trip only
   * while runs wait.
   */
  place(request: QueuePlaceRequest): Promise<QueuePlace>;
  /** @param tag from `place`; 0 starts the run before all that wait. */
  enqueue(runId: string, tag?: number, terms?: EnqueueTerms): Promise<void>;
  /** The job that resumes a parked run after `delayMs` at the latest. A second one for one generation is ignored. */
  enqueueParked(run: QueuedRun, delayMs: number, model?: string): Promise<void>;
  /** Starts that job now, whatever its state. A job that is waiting or active stays unchanged. */
  wake(run: QueuedRun): Promise<void>;
  /** Number of runs that wait for a worker, at most a quarter of a second old. */
  depth(): Promise<number>;
  /** The ids of those runs that have a waiting, delayed or active job. */
  withJob(runs: readonly QueuedRun[]): Promise<Set<string>>;
  /** Takes a waiting run out of the queue; a run that is being executed is left alone. */
  remove(runId: string, generation?: number): Promise<void>;
  close(): Promise<void>;
}

/** The queue of finished runs on their way into the store. */
export interface PersistQueue {
  enqueue(runIds: readonly string[]): Promise<void>;
  /** Batches on their way: waiting, active, or delayed after a failure. */
  depth(): Promise<number>;
  close(): Promise<void>;
}

/** Timers that wake one scheduler. They are only hints: the store knows what is due. */
export interface TickQueue {
  /** Wakes a scheduler after `inMs` milliseconds; arming the same moment twice is one timer. */
  arm(inMs: number): Promise<void>;
  close(): Promise<void>;
}
