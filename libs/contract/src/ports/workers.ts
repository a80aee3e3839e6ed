export interface WorkerInfo {
  readonly id: string;
  readonly version: string;
  /** Runs that the worker executes at the same time at most. */
  readonly capacity: number;
  /** Runs that it executed at its last heartbeat. */
  readonly active?: number;
  readonly models: readonly ModelInfo[];
  /** Names of the server tools that this worker can offer to runs. */
  readonly tools: readonly string[];
  /** `MODELS_UNKNOWN` on that worker: what becomes of a name that is not in `models`. */
  readonly unknownModels: 'reject' | 'default' | 'passthrough';
  readonly defaultModel: string;
}

export interface ModelInfo {
  readonly name: string;
  /** Name of the upstream that serves it first. */
  readonly upstream: string;
  /** What it takes in and gives out together, in tokens. Absent: not known. */
  readonly contextTokens?: number;
  /** Bound of an answer whose caller asks for none. Absent: not known. */
  readonly outputTokens?: number;
}

/** Who can execute runs. Workers announce themselves; the API answers models and readiness from it. */
export interface WorkerRegistry {
  announce(info: WorkerInfo): Promise<void>;
  leave(workerId: string): Promise<void>;
  /** All workers heard of within the last day, with how long ago (ms) each was heard. */
  list(): Promise<readonly { readonly info: WorkerInfo; readonly silentMs: number }[]>;
}
