import type { JsonMap } from './json.js';

/** The state of a run. The last four are final. */
export type RunState =
  'queued' | 'running' | 'waiting_for_approval' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** The possible answers to a request for approval. */
export type ApprovalWord = 'once' | 'session' | 'always' | 'deny';

export type UsageObject = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens?: number };
  readonly output_tokens_details: { readonly reasoning_tokens: number };
};

export type RunErrorObject = { readonly code: string; readonly message: string; readonly type: string };

/** A request that waits for an answer. `arguments` is the JSON text of the model; times are seconds since the epoch. */
export type ApprovalRequest = {
  readonly request_id: string;
  readonly call_id: string;
  readonly tool: string;
  readonly preview: string | null;
  readonly arguments: string;
  readonly choices: readonly ApprovalWord[];
  /** The questions of the call. Absent: the call waits for permission. */
  readonly questions?: readonly JsonMap[];
  readonly expires_at: number;
  readonly requested_at: number;
};

/** A bound of the cost that ended a run: its name in the request, its value, and what the run itself had cost. */
export type LimitObject = { readonly limit: string; readonly max_cost: number; readonly cost: number };

/** The bounds of the cost that a run was given, in the currency of the price list. Absent: none. */
export type SpendFields = {
  readonly max_cost?: number;
  readonly session_max_cost?: number;
  readonly job_max_cost?: number;
};

export type ItemState = 'in_progress' | 'completed' | 'interrupted' | 'incomplete';

/** A piece of the model's text, reasoning or refusal. */
export type MessageItem = {
  readonly type: 'message' | 'reasoning' | 'refusal';
  readonly step: number;
  readonly status: ItemState;
  readonly text: string;
  /** For a message: an image from the model, as a data URL. The text is then empty. */
  readonly image?: string;
};

/** A call of a tool. `duration` is in seconds. */
export type ToolCallObject = {
  readonly type: 'tool_call';
  readonly step: number;
  readonly status: ItemState;
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly executed_by: 'server' | 'client';
  readonly approval?: { readonly choice: ApprovalWord; readonly by: string | null };
  readonly output: string | null;
  readonly is_error: boolean | null;
  readonly duration: number | null;
};

export type RunItem = MessageItem | ToolCallObject;

/** A run in a list. Times are seconds since the epoch, with a fraction. */
export type RunSummary = {
  readonly object: 'hermes.run';
  readonly run_id: string;
  readonly status: RunState;
  readonly model: string;
  readonly protocol: string;
  readonly session_id: string | null;
  readonly job_id: string | null;
  readonly parent_run_id: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly ended_at: number | null;
  readonly last_event: { readonly type: string | null; readonly seq: number };
  readonly finish_reason: string | null;
  readonly reason: string | null;
  readonly error: RunErrorObject | null;
  readonly metadata: JsonMap;
  /** Set for an ended run that the store has. */
  readonly usage?: UsageObject;
  readonly attempt?: number;
  /** Of an ended run that the store has, when an upstream has answered it. */
  readonly served_by?: string;
  readonly latency?: ServedFields['latency'];
  /** So far, in the currency of the price list; null: none of its models has a price, or no step has ended. */
  readonly cost?: number | null;
  /** The request said `store: false`, and the log has expired: neither input nor output is there any more. */
  readonly content_kept?: false;
};

/** A request for approval with the run that waits for it. */
export type PendingApproval = {
  readonly run_id: string;
  readonly session_id: string | null;
  readonly job_id: string | null;
  readonly request: ApprovalRequest;
};

/** Who answered a run, and how long it took. Part of objects of ended runs that an upstream has answered. */
export interface ServedFields {
  /** The upstream of the last answer. */
  readonly served_by: string;
  /** Number of requests to upstreams for these answers. */
  readonly attempts: number;
  /** Milliseconds since the request; null: not known. */
  readonly latency: { readonly first_token_ms: number | null; readonly total_ms: number | null };
}

/** The body of GET /v1/runs/{id}. */
export type RunObject = RunSummary &
  Partial<ServedFields> &
  SpendFields & {
    /** Of a run that ended because it has cost as much as it may. */
    readonly limit_reached?: LimitObject;
    readonly started_at: number | null;
    /** Tokens that the last step read and wrote: how full the model's window is. Absent: no step has ended. */
    readonly context_tokens?: number;
    /** It continues the first `steps` steps of that run. */
    readonly rerun_of?: { readonly run_id: string; readonly steps: number };
    readonly attempt: number;
    readonly output: string;
    readonly items: readonly RunItem[];
    readonly usage: UsageObject;
    readonly approval: ApprovalRequest | null;
    readonly approvals: readonly ApprovalRequest[];
    readonly pending_steer: string | null;
  };
