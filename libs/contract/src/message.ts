import type { JsonObject } from './json.js';

/**
 * One message of a conversation, independent of any vendor. Instructions before the conversation are not messages: see
 * RunSpec.
 */
export type Message = UserMessage | AssistantMessage | ToolMessage | SystemMessage;

/**
 * The client's mark that a prefix ends here which the upstream's prompt cache should keep: `prompt_cache_breakpoint` of
 * OpenAI's APIs, `cache_control` of a block of the Messages API. It means nothing to the model, and tools never see it.
 */
export interface CacheMark {
  /** The API that defines `fields`. */
  readonly form: UpstreamForm;
  /** The value as the client sent it: an object of at most LIMITS.cacheMarkCharsMax characters as JSON. */
  readonly fields: JsonObject;
}

interface Markable {
  /** Absent: no cached prefix ends here. */
  readonly cacheMark?: CacheMark;
}

/** A system or developer text in the middle of a conversation. It applies from there on. */
export interface SystemMessage extends Markable {
  readonly role: 'system';
  readonly content: string;
}

export type ContentPart = TextPart | ImagePart | FilePart;

export interface TextPart extends Markable {
  readonly type: 'text';
  readonly text: string;
}

export interface ImagePart extends Markable {
  readonly type: 'image';
  readonly url: string;
  readonly detail?: string;
}

/** A PDF of the client. Files of text are text parts. */
export interface FilePart extends Markable {
  readonly type: 'file';
  /** A base64 data URL of `application/pdf`. */
  readonly url: string;
  readonly name?: string;
  /** What can be read in it, for models that take no files. Absent: nobody has looked yet. */
  readonly text?: string;
  /** Its place in the request, until somebody has looked: the `param` of an error. */
  readonly at?: string;
}

export interface UserMessage {
  readonly role: 'user';
  /** A plain string when there is only text, without a cache mark. */
  readonly content: string | readonly ContentPart[];
  readonly name?: string;
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text as the model wrote it; it may be invalid JSON. */
  readonly arguments: string;
  /**
   * Opaque state that an OpenAI-compatible upstream attached to this call and expects back with it, such as Gemini's
   * `{google: {thought_signature}}`. At most LIMITS.upstreamStateBytesMax bytes as JSON.
   */
  readonly extraContent?: JsonObject;
}

/**
 * The wire format in which an upstream spoke. State that came in one format is only ever sent back in the same format:
 * no other kind of upstream understands it.
 */
export type UpstreamForm = 'openai' | 'anthropic';

/**
 * Opaque state that an upstream attached to its reasoning and expects back unchanged. At most
 * LIMITS.upstreamStateBytesMax bytes as JSON.
 */
export interface ReasoningSeal {
  readonly form: UpstreamForm;
  /** `anthropic`: proves that the model wrote the text. Compatible servers send an empty one. */
  readonly signature?: string;
  /** `anthropic`: reasoning that only the upstream can read; it stands in place of a text (`redacted_thinking`). */
  readonly encrypted?: string;
  /** `openai`: the message field in which the text came, where that was not `reasoning_content`. */
  readonly textField?: 'reasoning';
  /** `openai`: other fields of the assistant message, under their own names: `reasoning_details`, `extra_content`. */
  readonly fields?: JsonObject;
}

/** One block of reasoning. */
export interface Reasoning {
  /** The readable part of the reasoning; may be empty beside a seal. */
  readonly text: string;
  /** Absent when the upstream attached nothing, or when a client sent the text without it. */
  readonly seal?: ReasoningSeal;
  /** Position of the block in the message: characters of text, and calls, before it. Absent at the beginning. */
  readonly at?: { readonly chars: number; readonly calls: number };
}

/** A mark on any of its blocks stands at its end. */
export interface AssistantMessage extends Markable {
  readonly role: 'assistant';
  readonly text: string;
  readonly refusal?: string;
  /** In the order in which the model thought. Absent when there is none, or when it is not known. */
  readonly reasoning?: readonly Reasoning[];
  readonly toolCalls: readonly ToolCall[];
  /** Who said it, in which session. Absent: it is not known, or was said outside of a session. */
  readonly saidBy?: { readonly upstream: string; readonly sessionId: string };
}

export interface ToolMessage extends Markable {
  readonly role: 'tool';
  readonly callId: string;
  readonly output: string;
  readonly isError?: boolean;
}
