import {
  GatewayError,
  isJsonObject,
  leftOutHeader,
  type JsonObject,
  type RunDraft,
  type StoredConversations,
} from '#libs/contract';
import {
  additionalToolsIn,
  additionalToolsOf,
  inputItemsOf,
  itemsToMessages,
  outputItems,
  referencesOf,
  resolveReferences,
  responsesOptions,
  runIdOfItem,
  systemTextOf,
  withEarlierTools,
  type ConversationChoice,
} from '#libs/protocols';
import type { HistoryReader } from '#libs/history';
import type { Logger } from '#libs/platform';
import type { AnswerTraits, Completed, Preparation } from '#libs/protocols';
import {
  conversationNotFound,
  namedConversationId,
  assertItemIds,
  type ConversationDesk,
} from './conversations/conversation-desk.js';
import { API_LIMITS } from '../words/api-limits.js';
import { assertFinished } from '../runs/assert-finished.js';
import { assertCallsOf, callsOfChain, callsOfItems } from '../runs/earlier-calls.js';
import type { ResponseFinder } from '../runs/response-finder.js';
import { systemTextIn, withSystemText } from './system-text.js';

export interface PrepareParts {
  readonly finder: ResponseFinder;
  readonly desk: ConversationDesk;
  readonly conversations: StoredConversations;
  readonly history: HistoryReader;
  readonly logger: Logger;
}

interface NewRun {
  readonly owner: string;
  readonly runId: string;
}

/** Finds everything that a Responses request refers to: the response that it continues, its conversation, its items. */
export class PrepareResponse implements Preparation {
  readonly derivesSession = false;

  constructor(
    private readonly parts: PrepareParts,
    /** Whether this unstored run may be continued. A WebSocket continues the unstored runs that it made itself. */
    private readonly isOwnUnstored: (runId: string) => boolean = () => false,
  ) {}

  readonly traits = (draft: RunDraft): AnswerTraits => {
    return { headers: {}, answersAtOnce: responsesOptions(draft).background && !draft.stream };
  };

  readonly complete = async (draft: RunDraft, run: NewRun): Promise<Completed> => {
    this.logLeftOut(draft, run);
    const { conversation, background } = responsesOptions(draft);
    const whole = { ...(await this.withReferences(draft, run.owner)), ...(background && { background }) };
    if (conversation) return this.inConversation(whole, conversation, run);
    const { parentId } = whole;
    const parent = parentId === undefined ? {} : await this.parentEcho(parentId, run.owner);
    await assertCallsOf(whole.messages, parentId === undefined ? [] : callsOfChain(this.parts.history, parentId));
    return { draft: withSystemText(withEarlierTools(whole, additionalToolsIn(parent)), systemTextIn(parent)) };
  };

  /** A WebSocket has no headers that could name the parts left out. */
  private logLeftOut(draft: RunDraft, { runId, owner }: NewRun): void {
    const leftOut = leftOutHeader(draft.leftOut ?? []);
    if (leftOut !== undefined) this.parts.logger.info({ runId, keyName: owner, leftOut }, 'left out');
  }

  /**
   * The echo of a response that may be continued. Throws GatewayError `previous_response_not_found`, and
   * `invalid_request` while that response is not finished.
   */
  async parentEcho(parentId: string, owner: string): Promise<JsonObject> {
    const which = this.isOwnUnstored(parentId) ? 'unstored too' : 'stored only';
    const parent = await this.parts.finder.lookUp(parentId, owner, which);
    const param = 'previous_response_id';
    if (!parent) throw new GatewayError('previous_response_not_found', 'There is no response with this id.', { param });
    assertFinished(parent);
    return parent.echo;
  }

  private async inConversation(draft: RunDraft, choice: ConversationChoice, run: NewRun): Promise<Completed> {
    const { owner, runId } = run;
    const { id, ...made } = choice.kind === 'id' ? { id: choice.id } : await this.ensureNamed(choice.name, owner);
    const { ref, lastRunId, begin } = await this.parts.desk.nextTurn({ id, owner });
    const items = await this.parts.conversations.all(ref);
    if (!items) throw conversationNotFound('conversation');
    assertItemIds(draft.input ?? [], 'input');
    // A history in the request is part of its messages and replaces the stored one.
    const { hasOwnHistory } = responsesOptions(draft);
    await assertCallsOf(draft.messages, hasOwnHistory ? [] : [callsOfItems(items)]);
    const echo = { ...draft.echo, fields: { ...objectIn(draft.echo['fields']), conversation: { id } } };
    const joined: RunDraft = { ...draft, conversationId: id, ...made, echo };
    const takeTurn = (): ReturnType<typeof begin> => begin(runId);
    if (hasOwnHistory) return { draft: joined, begin: takeTurn };
    const parent = lastRunId === undefined ? {} : { parentId: lastRunId };
    const equipped = withEarlierTools(joined, additionalToolsOf(items));
    const told = { ...withSystemText(equipped, systemTextOf(items)), ...parent, context: itemsToMessages(items) };
    return { draft: told, begin: takeTurn };
  }

  private async ensureNamed(
    name: string,
    owner: string,
  ): Promise<Required<Pick<RunDraft, 'conversationMadeAt'>> & { readonly id: string }> {
    const id = namedConversationId(name, owner);
    const made = { metadata: {}, createdAt: Date.now(), items: [] };
    const conversation = await this.parts.conversations.ensure({ id, owner }, made);
    if (!conversation) throw conversationNotFound('conversation');
    return { id, conversationMadeAt: conversation.createdAt };
  }

  private async withReferences(draft: RunDraft, owner: string): Promise<RunDraft> {
    const ids = referencesOf(draft);
    if (ids.length === 0) return draft;
    return resolveReferences(draft, await this.referredItems(ids, owner));
  }

  /** The items with these ids, up to the first id without an item, because the request is then refused anyway. */
  private async referredItems(ids: readonly string[], owner: string): Promise<Map<string, JsonObject>> {
    const items = new Map<string, JsonObject>();
    const asked = new Set<string>();
    for (let i = 0; i < ids.length; i += API_LIMITS.referencesAtOnce) {
      const some = ids.slice(i, i + API_LIMITS.referencesAtOnce);
      const runIds = [...new Set(some.flatMap((id) => runIdOfItem(id) ?? []))].filter((runId) => !asked.has(runId));
      for (const runId of runIds) asked.add(runId);
      const found = await Promise.all(runIds.map((runId) => this.itemsOf(runId, owner)));
      for (const item of found.flat()) items.set(String(item['id']), item);
      if (some.some((id) => !items.has(id))) break;
    }
    return items;
  }

  /** Input and output of a response. Empty when there is no such response. */
  private async itemsOf(runId: string, owner: string): Promise<readonly JsonObject[]> {
    if (!(await this.parts.finder.lookUp(runId, owner, 'stored only'))) return [];
    const turn = await this.parts.history.turn(runId);
    if (!turn) return [];
    return [...inputItemsOf(turn.input?.items ?? [], runId), ...outputItems(turn.snapshot, 'sealed')];
  }
}

const objectIn = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
