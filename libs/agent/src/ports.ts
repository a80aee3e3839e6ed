import type {
  Approval,
  ApprovalBy,
  ApprovalDecision,
  JsonObject,
  ModelPrice,
  ModelRoute,
  PriceTable,
  RunEvent,
  SpendAsk,
  SpendLimits,
  Tool,
  Usage,
} from '#libs/contract';

/** Everything that a run may touch. The agent reads no clock, opens no socket and starts no timer of its own. */
export interface AgentPorts {
  /** Asks the first candidate; the others stand in for it. */
  readonly route: ModelRoute;
  /** Server tools that this run may use. */
  readonly tools: readonly Tool[];
  /** Takes an event in order. A promise means back-pressure: the agent continues when it resolves. */
  readonly emit: (event: RunEvent) => Promise<void> | undefined;
  /** Resolves when everything emitted so far is durable. */
  readonly flushed: () => Promise<void>;
  /** Aborted by a cancel, by the deadline, or by the loss of the run. Its reason is thrown unchanged. */
  readonly signal: AbortSignal;
  /** True when the worker wants to stop: a run that needs another step continues on another worker. */
  readonly isLeaving: () => boolean;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Calls `fire` once after `ms`, unless the returned function was called before. */
  readonly startTimer: (ms: number, fire: () => void) => () => void;
  /** All texts that the user has added since the run began, in order. */
  readonly steers: () => Promise<readonly string[]>;
  readonly approvals: ApprovalPorts;
  readonly settings: AgentSettings;
  /** Absent: nothing bounds the run's cost. */
  readonly spend?: SpendPorts;
}

/** Who must be asked before a call, and the answers so far. */
export interface ApprovalPorts {
  /**
   * The scope to be allowed for this call, as `session` and `always` remember it. undefined when the call needs none.
   */
  scopeOf(tool: Tool, args: JsonObject): string | undefined;
  /** The widest earlier answer that covers the scope. */
  recall(scope: string): Promise<'session' | 'always' | undefined>;
  remember(scope: string, decision: 'session' | 'always'): Promise<void>;
  /**
   * Opens a request. Returns its id and when it expires (ms since the epoch), or undefined when no further request is
   * allowed.
   *
   * @param secondsMax time until it expires; at most, and by default, the time for approvals.
   */
  open(secondsMax?: number): Promise<{ readonly approvalId: string; readonly expiresAt: number } | undefined>;
  /**
   * The answer known so far. Expiry counts as an answer, and no other answer counts after it, because its sender must
   * not be told that it was accepted. Rejects when this cannot be ensured now.
   */
  answerTo(approval: Approval): Promise<ApprovalAnswer | undefined>;
  /** Reads the answers that others have left since. */
  hear(): Promise<void>;
  /** Nobody waits for an answer to this request any longer: it was answered elsewhere, or its run ends. */
  close(approvalId: string): void;
  /**
   * Parks the run until one of these requests is answered. `awake`: something new has arrived, so the run continues.
   * Rejects when the outcome of parking is unknown: then nothing more may be emitted.
   */
  park(parking: { step: number; usage: Usage; approvals: readonly Approval[] }): Promise<'parked' | 'awake'>;
}

export interface ApprovalAnswer {
  readonly decision: ApprovalDecision;
  readonly by: ApprovalBy;
  /** Answers to the questions of the request, by question id. */
  readonly answers?: JsonObject;
}

export interface AgentSettings {
  /** Core system prompt; empty for none. */
  readonly systemPrompt: string;
  /** The run ends as incomplete after this many completed steps. */
  readonly stepsMax: number;
  /** Longest execution of one tool. */
  readonly toolSecondsMax: number;
}

/** The run's cost is bounded. Amounts of `reserve` and `settle` are billionths of the currency. */
export interface SpendPorts {
  /** At least one. */
  readonly limits: SpendLimits;
  /** What completed steps cost is counted with these. */
  readonly prices: PriceTable;
  /** Of each kind of token, the dearest price among all models that may answer. */
  readonly price: ModelPrice;
  /** The highest bound of an answer among all models that may answer. Absent: one of them has none. */
  readonly outputTokens?: number;
  /**
   * Reserves for the next call together with the other runs of the session or job, as `SpendLedger.reserve` does.
   */
  reserve(scope: 'session' | 'job', ask: SpendAsk): Promise<number | undefined>;
  /** The run has cost so much, and nothing is reserved for it. */
  settle(scope: 'session' | 'job', spent: number): Promise<void>;
}
