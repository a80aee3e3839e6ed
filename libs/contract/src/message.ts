/** One conversation, free of any vendor's words. Instructions (system, developer) are not messages: see RunSpec. */
export type Message = UserMessage | AssistantMessage | ToolMessage;

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly url: string; readonly detail?: string };

export interface UserMessage {
  readonly role: 'user';
  /** A plain string when there is only text. */
  readonly content: string | readonly ContentPart[];
  readonly name?: string;
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text as the model wrote it; it may be invalid JSON. */
  readonly arguments: string;
}

export interface AssistantMessage {
  readonly role: 'assistant';
  readonly text: string;
  readonly refusal?: string;
  readonly toolCalls: readonly ToolCall[];
}

export interface ToolMessage {
  readonly role: 'tool';
  readonly callId: string;
  readonly output: string;
  readonly isError?: boolean;
}
