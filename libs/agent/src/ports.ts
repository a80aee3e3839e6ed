import type {
  Approval,
  ApprovalBy,
  ApprovalDecision,
  JsonObject,
  ModelRoute,
  RunEvent,
  Tool,
  Usage,
} from '#libs/contract';

/** Everything that a run may touch. The agent reads no clock, opens no socket and starts no timer of its own. */
export interface AgentPorts {
  /** The first candidate is asked, the others stand in. */
  readonly route: ModelRoute;
  /** Server tools that this run may use. */
  readonly tools: readonly Tool[];
  /** Takes an event in its order. A promise means back-pressure: the agent goes on when it resolves. */
  readonly emit: (event: RunEvent) => Promise<void> | undefined;
  /** Resolves when everything emitted so far is durable. */
  readonly flushed: () => Promise<void>;
  /** Cancel, deadline, loss of the run. Its reason is thrown as it is. */
  readonly signal: AbortSignal;
  /** The worker wants to stop: a run that needs another step shall have it elsewhere. */
  readonly isLeaving: () => boolean;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Calls `fire` once after `ms`, unless the returned function was called before. */
  readonly startTimer: (ms: number, fire: () => void) => () => void;
  /** Everything the user has put in since the run began, in order. */
  readonly steers: () => Promise<readonly string[]>;
  readonly approvals: ApprovalPorts;
  readonly settings: AgentSettings;
}

/** Who must be asked before a call, and what was answered. */
export interface ApprovalPorts {
  /** What has to be allowed for this call, as `session` and `always` remember it. undefined: nothing. */
  scopeOf(tool: Tool, args: JsonObject): string | undefined;
  /** The widest earlier answer that covers the scope. */
  recall(scope: string): Promise<'session' | 'always' | undefined>;
  remember(scope: string, decision: 'session' | 'always'): Promise<void>;
  /**
   * A new request: its name and when it expires (ms since the epoch). undefined: nobody more may be asked.
   *
   * @param secondsMax until it expires; at most, and by default, the time for approvals.
   */
  open(secondsMax?: number): Promise<{ readonly approvalId: string; readonly expiresAt: number } | undefined>;
  /**
   * The answer that is known by now. Lateness is one, and no other counts after it: nobody may be told that a later one
   * was taken. Rejects when that cannot be made sure now.
   */
  answerTo(approval: Approval): Promise<ApprovalAnswer | undefined>;
  /**
   * Lets the run go until one of these is answered. `awake`: there is something new to look at instead, go on. Rejects
   * when it is not known whether the run was parked: then nothing more may be emitted.
   */
  park(parking: { step: number; usage: Usage; approvals: readonly Approval[] }): Promise<'parked' | 'awake'>;
}

export interface ApprovalAnswer {
  readonly decision: ApprovalDecision;
  readonly by: ApprovalBy;
  /** To the questions of the request, by their ids. */
  readonly answers?: JsonObject;
}

export interface AgentSettings {
  /** Core system prompt; empty for none. */
  readonly systemPrompt: string;
  /** Completed steps after which the run ends as incomplete. */
  readonly stepsMax: number;
  /** Time for one execution of one tool. */
  readonly toolSecondsMax: number;
}
