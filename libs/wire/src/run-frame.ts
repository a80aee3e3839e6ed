import type { Json } from './json.js';
import type { ApprovalRequest, ApprovalWord, LimitObject, RunErrorObject, UsageObject } from './run.js';

type End = { readonly output: string; readonly usage: UsageObject; readonly pending_steer?: string };

/** The fields of each event of GET /v1/runs/{id}/events, by its name. */
type Fields = {
  'run.queued': { readonly model: string };
  'run.started': { readonly attempt: number };
  'step.started': { readonly step: number; readonly model: string };
  'message.delta': { readonly delta: string; readonly step: number; readonly image?: string };
  'refusal.delta': { readonly delta: string; readonly step: number };
  'reasoning.delta': { readonly text: string; readonly step: number };
  'reasoning.available': { readonly text: string; readonly step: number };
  tool_call: { readonly name: string; readonly call_id: string; readonly arguments: string };
  'approval.request': Omit<ApprovalRequest, 'requested_at'> & { readonly step: number };
  'approval.responded': {
    readonly choice: ApprovalWord;
    readonly resolved: number;
    readonly request_id: string;
    readonly call_id: string;
    readonly by: string;
  };
  'run.parked': { readonly step: number };
  'run.steered': { readonly accepted: boolean; readonly text: string };
  'tool.started': {
    readonly tool: string;
    readonly preview: string | null;
    readonly call_id: string;
    readonly args: Json;
  };
  'tool.progress': { readonly tool: string | null; readonly call_id: string; readonly text: string };
  'tool.completed': {
    readonly tool: string;
    readonly duration: number;
    readonly error: boolean;
    readonly call_id: string;
    readonly output: string;
  };
  'step.completed': { readonly step: number; readonly finish_reason: string; readonly usage: UsageObject };
  'step.interrupted': { readonly step: number; readonly reason: string };
  'run.limit_reached': LimitObject;
  'run.completed': End & { readonly finish_reason: string };
  'run.incomplete': End & { readonly reason: string };
  'run.cancelled': End & { readonly reason: string };
  'run.failed': End & { readonly error: RunErrorObject };
};

type FrameName = keyof Fields;

/** One event of a run's stream. `timestamp` is seconds since the epoch; `seq` counts within the run, without gaps. */
export type RunFrameOf<N extends FrameName> = {
  readonly event: N;
  readonly run_id: string;
  readonly timestamp: number;
  readonly seq: number;
  /** The earlier events have expired. This is the last one, made from the stored run. */
  readonly replayed_from?: 'store';
} & Fields[N];

export type RunFrame = { [N in FrameName]: RunFrameOf<N> }[FrameName];
