export interface WorkerInfo {
  readonly id: string;
  readonly version: string;
  /** Most runs that the worker executes at the same time. */
  readonly capacity: number;
  /** Runs that it executed at its last heartbeat. */
  readonly active?: number;
  readonly models: readonly ModelInfo[];
  /** Names of the server tools that this worker can offer to runs. */
  readonly tools: readonly string[];
  /** `MODELS_UNKNOWN` of that worker: how it treats a name that is not in `models`. */
  readonly unknownModels: 'reject' | 'default' | 'passthrough';
  readonly defaultModel: string;
}

export interface ModelInfo {
  readonly name: string;
  /** Name of the upstream that is asked first. */
  readonly upstream: string;
  /** Window for input and output together, in tokens. Absent when it is not known. */
  readonly contextTokens?: number;
  /** Bound of an answer when the caller names none. Absent when it is not known. */
  readonly outputTokens?: number;
}

/**
 * The workers that can execute runs. Workers announce themselves; the API uses this for its models and its readiness.
 */
export interface WorkerRegistry {
  announce(info: WorkerInfo): Promise<void>;
  /** What the worker offered is remembered, as of one that has been silent since. */
  leave(workerId: string): Promise<void>;
  /** All workers that announced themselves within the last day, and how long ago (ms) each did so last. */
  list(): Promise<readonly { readonly info: WorkerInfo; readonly silentMs: number }[]>;
}
