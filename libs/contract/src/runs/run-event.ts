import type { RunError } from '../errors.js';
import type { JsonObject, JsonValue } from '../json.js';

/** Tokens of one step or of a whole run, as the upstream counted them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of inputTokens that came from a prompt cache. */
  readonly cachedInputTokens: number;
  /** Part of outputTokens that was reasoning. */
  readonly reasoningTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';
export type IncompleteReason = 'max_output_tokens' | 'content_filter' | 'max_steps';
export type CancelReason = 'client_disconnected' | 'requested';
export type ExecutedBy = 'server' | 'client';
/** `session` and `always` allow this call and are remembered for later ones. */
export type ApprovalDecision = 'once' | 'session' | 'always' | 'deny';
/** `policy`: an earlier answer covered the call, or the gateway could not ask. */
export type ApprovalBy = 'user' | 'timeout' | 'policy';

/**
 * The one vocabulary between worker, API and store. Events carry only what is new; `fold` rebuilds the rest.
 *
 *   run  = run.queued (run.started step*)* terminal        run.started again = another attempt
 *   step = step.started (delta | call)* (step.completed | step.interrupted)
 *   call = tool_call.started tool_call.arguments.delta* tool_call.ready, and for executedBy=server:
 *          [approval] tool.started tool.progress* tool.completed      before the step's step.completed
 *   approval = approval.requested approval.resolved, or approval.resolved alone when it is by `policy`
 *
 * `run.parked` stands behind an open approval: the run has no worker until somebody answers or the time is over; the
 * next attempt goes on within the same step. `run.steered` stands between two steps.
 *
 * In a step the model speaks first: no delta and no further call comes after the first `tool_call.ready`.
 *
 * `step` counts from 1 over the whole run, across attempts. A step that an attempt left unfinished is closed by the
 * next attempt with `step.interrupted`; its number is not used again. Or, when only text of it was known and the model
 * has said the same again, the next attempt goes on in it as if nothing had happened.
 *
 * The calls of a step that ends with finishReason `length` or `content_filter` may be broken off: they have no
 * `tool_call.ready` and are not executed.
 */
export type RunEvent =
  | {
      readonly type: 'run.queued';
      readonly runId: string;
      readonly protocol: string;
      readonly owner: string;
      readonly model: string;
      readonly echo: JsonObject;
      readonly metadata?: JsonObject;
      readonly parentId?: string;
      readonly sessionId?: string;
      readonly jobId?: string;
    }
  | { readonly type: 'run.started'; readonly attempt: number; readonly worker: string }
  | {
      readonly type: 'step.started';
      readonly step: number;
      readonly model: string;
      readonly upstream: string;
      /** Request fields that the upstream did not get, because it does not take them; by their names on its wire. */
      readonly leftOut?: readonly string[];
    }
  | {
      readonly type: 'text.delta';
      readonly step: number;
      readonly text: string;
      readonly logprobs?: readonly JsonValue[];
    }
  | { readonly type: 'reasoning.delta'; readonly step: number; readonly text: string }
  | { readonly type: 'refusal.delta'; readonly step: number; readonly text: string }
  | {
      readonly type: 'tool_call.started';
      readonly step: number;
      readonly callId: string;
      readonly name: string;
      readonly executedBy: ExecutedBy;
    }
  | {
      readonly type: 'tool_call.arguments.delta';
      readonly step: number;
      readonly callId: string;
      readonly delta: string;
    }
  | {
      readonly type: 'tool_call.ready';
      readonly step: number;
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
      readonly executedBy: ExecutedBy;
    }
  | {
      readonly type: 'approval.requested';
      readonly step: number;
      readonly callId: string;
      /** Names this request in answers; unique among all runs. */
      readonly approvalId: string;
      readonly name: string;
      readonly arguments: string;
      /** Milliseconds since the epoch; unanswered until then means denied. */
      readonly expiresAt: number;
    }
  | {
      readonly type: 'approval.resolved';
      readonly step: number;
      readonly callId: string;
      readonly approvalId: string;
      readonly decision: ApprovalDecision;
      readonly by: ApprovalBy;
    }
  | {
      readonly type: 'run.parked';
      /** The open step, and what its model call cost: the worker that goes on was not there. */
      readonly step: number;
      readonly usage: Usage;
    }
  /** Something the user said while the run went on; the model reads it at the next step. */
  | { readonly type: 'run.steered'; readonly text: string }
  | { readonly type: 'tool.started'; readonly step: number; readonly callId: string; readonly name: string }
  | { readonly type: 'tool.progress'; readonly step: number; readonly callId: string; readonly text: string }
  | {
      readonly type: 'tool.completed';
      readonly step: number;
      readonly callId: string;
      readonly name: string;
      readonly output: string;
      readonly isError: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'step.completed';
      readonly step: number;
      readonly finishReason: FinishReason;
      readonly usage: Usage;
    }
  | { readonly type: 'step.interrupted'; readonly step: number; readonly reason: 'worker_lost' }
  | TerminalEvent;

/** Exactly one of these ends a run, and it is the last event of the log. */
export type TerminalEvent = (
  | { readonly type: 'run.completed'; readonly finishReason: 'stop' | 'tool_calls' }
  | { readonly type: 'run.incomplete'; readonly reason: IncompleteReason }
  | { readonly type: 'run.failed'; readonly error: RunError }
  | { readonly type: 'run.cancelled'; readonly reason: CancelReason }
) & {
  /** Steering texts that the model never saw. Put in by the run log, which alone knows of the last ones. */
  readonly leftover?: readonly string[];
};

/**
 * An event in its place in the log. `seq` counts 1, 2, 3 ... without gaps and is given by the run's owner;
 * `at` is milliseconds since the epoch on the writer's clock, for showing, never for ordering.
 */
export type LoggedEvent<E extends RunEvent = RunEvent> = E & { readonly seq: number; readonly at: number };

export type RunEventType = RunEvent['type'];
export type EventOf<T extends RunEventType> = Extract<RunEvent, { type: T }>;

const TERMINAL: ReadonlySet<string> = new Set<TerminalEvent['type']>([
  'run.completed',
  'run.incomplete',
  'run.failed',
  'run.cancelled',
]);

export function isTerminal(event: RunEvent): event is TerminalEvent {
  return TERMINAL.has(event.type);
}

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
