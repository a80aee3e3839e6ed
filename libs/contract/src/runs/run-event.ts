import type { RunError } from '../errors.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { ReasoningSeal } from '../message.js';
import type { ToolQuestions } from '../tool.js';
import type { Citation } from './citation.js';
import type { SpendLimit, SpendLimits } from '../spend/spend.js';

/** Tokens of one step or of a whole run, as the upstream counted them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of inputTokens that came from a prompt cache. */
  readonly cachedInputTokens: number;
  /** Part of inputTokens that was written into a prompt cache. Absent: none, or the upstream does not report it. */
  readonly cacheWriteTokens?: number;
  /** Part of outputTokens that was reasoning. */
  readonly reasoningTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';
export type IncompleteReason = 'max_output_tokens' | 'content_filter' | 'max_steps' | 'max_cost';
export type CancelReason = 'client_disconnected' | 'requested';
export type ExecutedBy = 'server' | 'client';
/** `session` and `always` allow this call and are remembered for later ones. */
export type ApprovalDecision = 'once' | 'session' | 'always' | 'deny';
/** `policy`: an earlier answer covered the call, or the gateway could not ask. */
export type ApprovalBy = 'user' | 'timeout' | 'policy';

/**
 * The only vocabulary between worker, API and store. Events carry only what is new; `fold` rebuilds the rest.
 *
 *   run  = run.queued (run.started step*)* terminal        run.started again = another attempt
 *   step = step.started (delta | call)* (step.completed | step.interrupted)
 *   call = tool_call.started tool_call.arguments.delta* tool_call.ready, and for executedBy=server:
 *          [approval] tool.started tool.progress* tool.completed      before the step's step.completed
 *   approval = approval.requested approval.resolved, or approval.resolved alone when it is by `policy`; a call that
 *              asks the user has further ones, with questions and answers, behind its tool.started
 *
 * `run.parked` follows an open approval: the run has no worker until somebody answers or the time is up. The next
 * attempt continues within the same step. `run.steered` stands between two steps.
 *
 * Within a step the model speaks first: neither a delta nor another call follows the first `tool_call.ready`. There is
 * one exception: tools that an upstream runs itself are told as they begin and end, each from `tool_call.started` to
 * `tool.started` at once, and also while others of them are under way. What the upstream says next begins a new step.
 * One that waits for an approval there begins with the answer. The run is not parked meanwhile.
 *
 * `step` counts from 1 over the whole run, across attempts. When an attempt leaves a step unfinished, the next attempt
 * closes that step with `step.interrupted` and does not use its number again. There is one exception: if only text of
 * the step was seen and the model repeats that text, the next attempt continues the step as if nothing had happened.
 *
 * Calls in a step that ends with finishReason `length` or `content_filter` may be cut off: they have no
 * `tool_call.ready` and are not executed.
 *
 * During a rollout, processes of two versions read each other's events. So a new fact becomes an optional field of an
 * event that already exists, and a reader does without it; `fold` skips events of a type that it does not know.
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
      /** The run's text is a summary. In everything that continues the run it replaces all that came before. */
      readonly compacts?: true;
      /** What the run, its session and its job may cost. */
      readonly spend?: SpendLimits;
    }
  | { readonly type: 'run.started'; readonly attempt: number; readonly worker: string }
  | {
      readonly type: 'step.started';
      readonly step: number;
      readonly model: string;
      readonly upstream: string;
      /** Request fields that the upstream did not get because it does not support them, by their names on its wire. */
      readonly leftOut?: readonly string[];
      /** Number of requests made for this answer. Absent: one. */
      readonly attempts?: number;
    }
  | {
      readonly type: 'text.delta';
      readonly step: number;
      readonly text: string;
      readonly logprobs?: readonly JsonValue[];
      /** Citations of words that came before, or in this event. */
      readonly citations?: readonly Citation[];
      /** A data URL: this part of the answer is an image. The text is then empty. */
      readonly image?: string;
      /** A summary that from here on replaces everything before it. The text is then empty. */
      readonly compaction?: string;
      /**
       * The next vectors of a run that asks for embeddings, in the order of its inputs: 32-bit floats, little-endian,
       * as base64. The text is then empty.
       */
      readonly vectors?: readonly string[];
    }
  | {
      readonly type: 'reasoning.delta';
      readonly step: number;
      /** May be empty beside a seal. */
      readonly text: string;
      /** Ends this block of reasoning: later reasoning of the step begins a new block. */
      readonly seal?: ReasoningSeal;
    }
  | { readonly type: 'refusal.delta'; readonly step: number; readonly text: string }
  | {
      readonly type: 'tool_call.started';
      readonly step: number;
      readonly callId: string;
      readonly name: string;
      readonly executedBy: ExecutedBy;
      /** The upstream makes this call itself, so no worker ever executes it. */
      readonly ofUpstream?: true;
      /** See ToolCall.extraContent. When the upstream sends it later, only `tool_call.ready` has it. */
      readonly extraContent?: JsonObject;
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
      readonly extraContent?: JsonObject;
    }
  | {
      readonly type: 'approval.requested';
      readonly step: number;
      readonly callId: string;
      /** Names this request in answers; unique among all runs. */
      readonly approvalId: string;
      readonly name: string;
      readonly arguments: string;
      /** Milliseconds since the epoch. A request without an answer by then counts as denied. */
      readonly expiresAt: number;
      /** The call has begun and asks the user something. Absent: the user is asked whether the call may be made. */
      readonly ask?: ToolQuestions;
    }
  | {
      readonly type: 'approval.resolved';
      readonly step: number;
      readonly callId: string;
      readonly approvalId: string;
      readonly decision: ApprovalDecision;
      readonly by: ApprovalBy;
      /** Answers to the questions of the request, by question id. */
      readonly answers?: JsonObject;
    }
  | {
      readonly type: 'run.parked';
      /** The open step. */
      readonly step: number;
      /** Usage of the step's model call: the worker that continues the step has not seen that call. */
      readonly usage: Usage;
    }
  /** A text that the user added while the run was under way; the model reads it in the next step. */
  | { readonly type: 'run.steered'; readonly text: string }
  | { readonly type: 'tool.started'; readonly step: number; readonly callId: string; readonly name: string }
  | {
      readonly type: 'tool.progress';
      readonly step: number;
      readonly callId: string;
      readonly text: string;
      /** The call goes on elsewhere. A worker that takes over asks there for its result, and never makes it again. */
      readonly handle?: JsonObject;
    }
  | {
      readonly type: 'tool.completed';
      readonly step: number;
      readonly callId: string;
      readonly name: string;
      readonly output: string;
      /** Data URLs. Absent: none. */
      readonly images?: readonly string[];
      readonly isError: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'step.completed';
      readonly step: number;
      readonly finishReason: FinishReason;
      readonly usage: Usage;
      /** The tier that the upstream reports for its answer, in OpenAI's words. */
      readonly serviceTier?: string;
      /** The answer was cut off because this bound paid for no more: the run ends here. */
      readonly limit?: SpendLimit;
    }
  | { readonly type: 'step.interrupted'; readonly step: number; readonly reason: 'worker_lost' }
  | TerminalEvent;

/** Exactly one of these ends a run, and it is the last event of the log. */
export type TerminalEvent = (
  | { readonly type: 'run.completed'; readonly finishReason: 'stop' | 'tool_calls' }
  /** `limit`: the bound of a run that ended with `max_cost`. */
  | { readonly type: 'run.incomplete'; readonly reason: IncompleteReason; readonly limit?: SpendLimit }
  | { readonly type: 'run.failed'; readonly error: RunError }
  | { readonly type: 'run.cancelled'; readonly reason: CancelReason }
) & {
  /** Steering texts that the model never read. The run log adds them, because only the log knows the last of them. */
  readonly leftover?: readonly string[];
};

/**
 * An event and its place in the log. The worker that owns the run numbers its events: `seq` is 1, 2, 3 ... without
 * gaps. `at` is milliseconds since the epoch on that worker's clock; it is for display, never for ordering.
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
  const cacheWriteTokens = (a.cacheWriteTokens ?? 0) + (b.cacheWriteTokens ?? 0);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
