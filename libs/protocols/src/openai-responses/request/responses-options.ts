import { isJsonObject, type JsonObject, type RunDraft } from '#libs/contract';

/**
 * The conversation that a response belongs to: by the published id, or by a name as clients of the Hermes API server
 * do.
 */
export type ConversationChoice =
  { readonly kind: 'id'; readonly id: string } | { readonly kind: 'name'; readonly name: string };

/**
 * The requests to the API besides the run. The draft itself has the rest: `parentId` is `previous_response_id`,
 * `retain` is `store`, `input` are the input items.
 */
export interface ResponsesOptions {
  /** Answer at once and let the run continue without a listener. Implies `store`. */
  readonly background: boolean;
  /** `store`: the response can be read and continued later. */
  readonly stored: boolean;
  /** Its latest response comes before this run, and this run becomes its latest. Excludes `parentId`. */
  readonly conversation?: ConversationChoice;
  /** The request has its own `conversation_history`, which is part of `messages`: nothing else comes before the run. */
  readonly hasOwnHistory: boolean;
}

/** The part of the echo that holds these options. */
export function optionsEcho(options: ResponsesOptions): JsonObject {
  return { ...options, conversation: options.conversation && { ...options.conversation } };
}

/** Reads the options from a draft that `openaiResponses.decode` made, or from the spec of its run. */
export function responsesOptions(draft: Pick<RunDraft, 'echo'>): ResponsesOptions {
  const options = draft.echo['options'];
  return isJsonObject(options) ? (options as unknown as ResponsesOptions) : NO_OPTIONS;
}

const NO_OPTIONS: ResponsesOptions = {
  background: false,
  stored: true,
  hasOwnHistory: false,
};
