import { GatewayError } from '../errors.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js';
import type { CacheMark, Message } from '../message.js';
import type { SpendLimits } from '../spend/spend.js';

/** A function that the caller offers; the model may call it, the caller executes it. */
export interface ClientTool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
  /** A cached prefix ends with this tool. See CacheMark. */
  readonly cacheMark?: CacheMark;
}

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'allowed'; readonly mode: 'auto' | 'required'; readonly names: readonly string[] };

export type ResponseFormat =
  /** `schema`: beside json_object, as llama.cpp and other compatible servers accept it. */
  | { readonly type: 'text' | 'json_object'; readonly schema?: JsonObject }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema?: JsonObject;
      readonly description?: string;
      readonly strict?: boolean;
    };

/** The caller's sampling settings. A field that was not set is not sent upstream. */
export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly outputTokensMax?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly logitBias?: JsonObject;
  readonly logprobs?: boolean;
  readonly topLogprobs?: number;
  readonly responseFormat?: ResponseFormat;
  readonly parallelToolCalls?: boolean;
  readonly reasoningEffort?: string;
  /** `thinking` of a Messages request, for upstreams that speak the same protocol. */
  readonly thinking?: JsonObject;
  /** Fields of a Messages request, for upstreams that speak the same protocol. Others do not get them. */
  readonly messagesApi?: MessagesApiWishes;
  readonly topK?: number;
  readonly verbosity?: string;
  readonly serviceTier?: string;
  readonly user?: string;
  /** Requests with the same value share the upstream's prompt cache. */
  readonly promptCacheKey?: string;
  /** OpenAI's other fields about its prompt cache, by their names on the wire; no other upstream gets them. */
  readonly promptCache?: JsonObject;
  /** Fields of compatible servers, by their names on the wire. An upstream with other names does not get them. */
  readonly extra?: JsonObject;
}

/** Wishes that only the Messages API can express. */
export interface MessagesApiWishes {
  /** Fields by their names on the wire. */
  readonly fields: JsonObject;
  /** Values of the header `anthropic-beta`. */
  readonly betas: readonly string[];
  /** Marks of cached prefixes in the instructions, in order. Absent: none. */
  readonly systemMarks?: readonly SystemMark[];
}

/** `cache_control` of a block of system text. */
export interface SystemMark {
  /** Characters of the instructions after the mark. */
  readonly after: number;
  /** See `CacheMark`. */
  readonly fields: JsonObject;
}

/** What an embeddings model is asked for instead of an answer. */
export interface EmbeddingsOrder {
  /** Texts, or texts as tokens of the model. None of them is empty. */
  readonly input: readonly string[] | readonly (readonly number[])[];
  readonly dimensions?: number;
}

/** What happens to a run when its last listener leaves. */
export type OnDisconnect = 'cancel' | 'continue';

/** The version of this shape. A worker refuses a spec that it does not understand instead of guessing. */
export const RUN_SPEC_VERSION = 1;

/** The question for the model, and the model. */
export interface RunPrompt {
  /** The model route by the name the caller used; null asks for the default. */
  readonly model: string | null;
  /** The caller's system and developer text, joined in order; layered below the core system prompt. */
  readonly instructions?: string;
  /** The run's own input. `parentId` leads to everything before it. */
  readonly messages: readonly Message[];
  readonly tools: readonly ClientTool[];
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  /** The run asks for vectors of these texts. It has then no messages and no tools. */
  readonly embed?: EmbeddingsOrder;
}

/** What a run belongs to, and the run that it continues. */
export interface RunLineage {
  /** The run that this one continues: its whole conversation comes before `messages`. It belongs to the same key. */
  readonly parentId?: string;
  /** The conversation object that gets the run's input and output as items when the run ends. */
  readonly conversationId?: string;
  /**
   * When that conversation was created, in milliseconds since the epoch. Set where the same id may be created again: a
   * later conversation with that id gets nothing from this run.
   */
  readonly conversationMadeAt?: number;
  /**
   * The messages of that conversation when the run was requested; they come before `messages`, in place of the turns
   * of `parentId`.
   */
  readonly context?: readonly Message[];
  readonly sessionId?: string;
  /** The client's own name for its session. Requests of one session should go to one upstream and its prompt cache. */
  readonly affinity?: string;
  /** The cron job that this run is an occurrence of. */
  readonly jobId?: string;
}

/** How a run is executed, and how much of it is kept. */
export interface RunManner {
  readonly onDisconnect: OnDisconnect;
  readonly stream: boolean;
  /** Calls of server tools that the whole run may execute. The model is told that further calls were refused. */
  readonly toolCallsMax?: number;
  /** `deny`: calls that need approval are denied at once, because nobody can be asked. Absent: they wait. */
  readonly approvals?: 'deny';
  /** What the run, its session and its job may cost. Absent: no bound. */
  readonly spend?: SpendLimits;
  /** `disabled`: a conversation that is too long for the model fails; else its oldest turns are left out. */
  readonly truncation?: 'auto' | 'disabled';
  /** Whether the run starts after runs that a client waits for, because no client waits for this one. */
  readonly background?: boolean;
  /** The model writes a summary of the conversation, which replaces it in everything that continues the run. */
  readonly compacts?: true;
  /**
   * A conversation of more tokens than `above` is summarised by `task` before the model continues; the summary then
   * replaces what came before. With `share`, that part of the model's window counts instead where it is known.
   */
  readonly compaction?: { readonly above: number; readonly share?: number; readonly task: Message };
  /** false: the input joins the conversation, and the run ends without asking the model. */
  readonly generate?: boolean;
  /** false: the store keeps that the run existed, how it ended and its usage, but neither input nor output. */
  readonly retain?: boolean;
}

/**
 * A request in the gateway's own vocabulary: everything about the run except its key, its time and its id. All groups
 * are in one flat object, because builds before and after this one read a spec as JSON.
 */
export interface RunDraft extends RunPrompt, RunLineage, RunManner {
  readonly protocol: string;
  /** Facts of the request that only the protocol's own encoder needs. Copied into `run.queued`. */
  readonly echo: JsonObject;
  readonly metadata?: JsonObject;
  /** Names of the parts of the request that the model does not get, see `leftOutHeader`. */
  readonly leftOut?: readonly string[];
  /** The run's own input as the protocol lists it later; kept with the run's row. */
  readonly input?: readonly JsonObject[];
}

/** Everything about one run. The API admits it, the worker executes it. Plain JSON. */
export interface RunSpec extends RunDraft {
  readonly version: typeof RUN_SPEC_VERSION;
  readonly runId: string;
  /** Name of the API key that owns the run. */
  readonly owner: string;
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /**
   * The run takes a turn in its session: it is queued when the run before it has ended, and the next one when this run
   * has ended. Absent: the run belongs to the session outside that order.
   */
  readonly inTurn?: true;
  /** The process that opened the run; its live channel gets every append. */
  readonly instance: string;
  /** The trace that the request belongs to (W3C Trace Context). Absent: nobody traced it; the run's id makes one. */
  readonly traceparent?: string;
}

/**
 * Reads a spec from storage and checks it like any other input. Throws GatewayError `internal_error` when the text is
 * not a spec of this version.
 */
export function parseRunSpec(text: string): RunSpec {
  const value: JsonValue = JSON.parse(text);
  const isSpec =
    isJsonObject(value) &&
    value['version'] === RUN_SPEC_VERSION &&
    ['runId', 'owner', 'model', 'protocol', 'instance'].every((key) => typeof value[key] === 'string') &&
    typeof value['createdAt'] === 'number' &&
    Array.isArray(value['messages']) &&
    Array.isArray(value['tools']) &&
    isJsonObject(value['toolChoice']) &&
    isJsonObject(value['sampling']);
  if (!isSpec)
    throw new GatewayError('internal_error', 'The run was queued by an incompatible version of the gateway.');
  return value as unknown as RunSpec;
}
