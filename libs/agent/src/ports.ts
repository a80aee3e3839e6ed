import type { ModelRoute, RunEvent, Tool } from '#libs/contract';

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
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Calls `fire` once after `ms`, unless the returned function was called before. */
  readonly startTimer: (ms: number, fire: () => void) => () => void;
  readonly settings: AgentSettings;
}

export interface AgentSettings {
  /** Core system prompt; empty for none. */
  readonly systemPrompt: string;
  /** Completed steps after which the run ends as incomplete. */
  readonly stepsMax: number;
  /** Time for one execution of one tool. */
  readonly toolSecondsMax: number;
}
