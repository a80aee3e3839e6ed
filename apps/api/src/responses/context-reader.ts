import {
  GatewayError,
  type ClientTool,
  type JsonObject,
  type Message,
  type RunDraft,
  type StoredConversations,
} from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import {
  bodyObject,
  inputItemsOf,
  itemsToMessages,
  openaiResponses,
  outputItems,
  parseDto,
  responsesOptions,
  systemTextOf,
} from '#libs/protocols';
import { newRunId } from '#libs/runs';
import { conversationNotFound, namedConversationId, type ConversationDesk } from './conversations/conversation-desk.js';
import type { RunRequest } from '../answering/create-run.js';
import type { PrepareResponse } from './prepare-response.js';
import { instructionsAfter } from './system-text.js';

/** Everything that a model would read for a request, without a run. */
export interface ResponseContext {
  readonly owner: string;
  /** The requested model; null: the default. */
  readonly model: string | null;
  /** Earlier and new items, oldest first. */
  readonly items: readonly JsonObject[];
  readonly messages: readonly Message[];
  readonly instructions?: string;
  readonly tools: readonly ClientTool[];
}

export interface ContextReaderParts {
  readonly prepare: PrepareResponse;
  readonly history: HistoryReader;
  readonly desk: ConversationDesk;
  readonly conversations: StoredConversations;
  readonly messageCharsMax: number;
}

/** Placeholder for requests that need no input of their own, because they continue something. */
const NO_INPUT = '-';

/** Reads bodies that resemble those of POST /v1/responses, and everything they refer to. */
export class ContextReader {
  constructor(private readonly parts: ContextReaderParts) {}

  /** Throws GatewayError like POST /v1/responses, and `missing_required_parameter` for an empty request. */
  async read({ body: given, owner }: RunRequest): Promise<ResponseContext> {
    const body = bodyObject(given);
    const hasInput = body['input'] !== undefined && body['input'] !== null;
    const draft = this.decode({ ...body, input: hasInput ? body['input'] : NO_INPUT });
    const before = await this.itemsBefore(draft, owner);
    if (!hasInput && before === undefined) {
      throw new GatewayError('missing_required_parameter', "'input' is required.", { param: 'input' });
    }
    const own = hasInput ? (draft.input ?? []) : [];
    const earlier = before ?? [];
    const instructions = instructionsAfter(draft, systemTextOf(earlier));
    const items = [...earlier, ...inputItemsOf(own, newRunId())];
    return {
      owner,
      model: draft.model,
      items,
      messages: itemsToMessages(items),
      ...(instructions !== undefined && { instructions }),
      tools: draft.tools,
    };
  }

  private decode(body: JsonObject): RunDraft {
    const plain = { ...body, background: false, stream: false };
    return openaiResponses.decode(parseDto(openaiResponses.dto, plain), {
      hermesClient: false,
      messageTextCharsMax: this.parts.messageCharsMax,
    });
  }

  /** undefined: the request continues nothing. */
  private async itemsBefore(draft: RunDraft, owner: string): Promise<readonly JsonObject[] | undefined> {
    const { prepare, history, desk, conversations } = this.parts;
    const { conversation } = responsesOptions(draft);
    if (conversation) {
      const id = conversation.kind === 'id' ? conversation.id : namedConversationId(conversation.name, owner);
      const items = await conversations.all(await desk.settled({ id, owner }));
      if (items) return items;
      throw conversationNotFound('conversation');
    }
    if (draft.parentId === undefined) return undefined;
    await prepare.parentEcho(draft.parentId, owner);
    const turns = await history.turns(draft.parentId);
    return turns.flatMap(({ runId, input, snapshot }) => [
      ...inputItemsOf(input?.items ?? [], runId),
      ...outputItems(snapshot),
    ]);
  }
}
