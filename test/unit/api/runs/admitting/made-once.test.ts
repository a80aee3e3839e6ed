import { memoryIdempotency } from '#libs/bus';
import type { ConversationRef, JsonObject, StoredConversations } from '#libs/contract';
import { createLogger } from '#libs/platform';
import type { FastifyReply } from 'fastify';
import { CreateOnce } from '../../../../../apps/api/src/runs/admitting/create-once.js';
import type { ConversationDesk } from '../../../../../apps/api/src/responses/conversations/conversation-desk.js';
import { ConversationService } from '../../../../../apps/api/src/responses/conversations/conversation-service.js';
import { SessionService, type SessionParts } from '../../../../../apps/api/src/sessions/session-service.js';
import { runSnapshot } from '../../../../support/run-snapshot.js';

/** Things that are made without a run, made again with their key after they were deleted. */
const owner = 'alice';
const DELETED = { message: expect.stringContaining('was deleted'), param: 'Idempotency-Key' } as const;

function creator() {
  const idempotency = memoryIdempotency();
  const once = new CreateOnce(idempotency, createLogger({ service: 'api', level: 'silent', pretty: false }));
  const reply = { header: () => reply } as unknown as FastifyReply;
  const request = (route: string) => ({ owner, route, headers: { 'idempotency-key': 'k' }, body: {} });
  return { idempotency, once, reply, request };
}

function conversations() {
  const rows = new Map<string, { metadata: JsonObject; createdAt: number; items: Map<string, JsonObject> }>();
  const itemsOf = (items: readonly JsonObject[]) => items.map((item) => [String(item['id']), item] as const);
  const stored = {
    async ensure({ id }: ConversationRef, made: { metadata: JsonObject; createdAt: number; items: JsonObject[] }) {
      if (!rows.has(id)) rows.set(id, { ...made, items: new Map(itemsOf(made.items)) });
      return { id, owner, ...rows.get(id) };
    },
    get: async ({ id }: ConversationRef) => rows.has(id) && { id, owner, ...rows.get(id) },
    delete: async ({ id }: ConversationRef) => rows.delete(id),
    async add({ id }: ConversationRef, items: readonly JsonObject[]) {
      for (const [itemId, item] of itemsOf(items)) rows.get(id)?.items.set(itemId, item);
      return rows.has(id);
    },
    item: async ({ id }: ConversationRef, itemId: string) => rows.get(id)?.items.get(itemId),
    deleteItem: async ({ id }: ConversationRef, itemId: string) => rows.get(id)?.items.delete(itemId),
  } as unknown as StoredConversations;
  const desk = { settled: async (ref: ConversationRef) => ref, forget: async () => undefined };
  return { rows, service: new ConversationService(stored, desk as unknown as ConversationDesk) };
}

test('a conversation is given again while it is there, and is 404 once it was deleted', async () => {
  const { once, reply, request } = creator();
  const { rows, service } = conversations();
  const post = () => once.answer(request('/v1/conversations'), reply, (making) => service.create(owner, {}, making));
  const made = await post();
  expect(await post()).toEqual(made);
  await service.delete({ id: String(made['id']), owner });
  for (let i = 0; i < 2; i++)
    await expect(post()).rejects.toMatchObject({ code: 'conversation_not_found', ...DELETED });
  expect(rows.size).toBe(0);
});

test('items are not added again once one was deleted, or their conversation', async () => {
  const { once, reply, request } = creator();
  const { rows, service } = conversations();
  const nobody = { seed: 'run_0', isReplay: false, wasMade: false };
  const id = String((await service.create(owner, {}, nobody))['id']);
  const items = ['One', 'Two'].map((content) => ({ type: 'message', role: 'user', content }));
  const post = () =>
    once.answer(request('/v1/items'), reply, (making) => service.addItems({ id, owner }, items, making));
  const made = await post();
  expect(await post()).toEqual(made);
  await service.deleteItem({ id, owner }, String(made['first_id']));
  await expect(post()).rejects.toMatchObject({ code: 'item_not_found', ...DELETED });
  expect(rows.get(id)?.items.size).toBe(1);
  await service.delete({ id, owner });
  await expect(post()).rejects.toMatchObject({ code: 'conversation_not_found', ...DELETED });
});

test('a fork is not made again once it was deleted, whatever has its name now', async () => {
  const { once, reply, request } = creator();
  const sessions = new Map<string, object>([['s', { sessionId: 's', owner, title: 'S', lastRunId: 'run_1' }]]);
  const forks: string[] = [];
  const service = new SessionService({
    sessionTurns: { state: async () => ({}) },
    sessions: {
      session: async ({ sessionId }: { sessionId: string }) => sessions.get(sessionId),
      async forkSession(fork: { sessionId: string; from: object }) {
        forks.push(fork.sessionId);
        sessions.set(fork.sessionId, { ...fork, forkedFrom: fork.from });
        return sessions.get(fork.sessionId);
      },
    },
    store: { run: async () => runSnapshot({ runId: 'run_1', owner, sessionId: 's', status: 'completed' }) },
  } as unknown as SessionParts);
  const post = () =>
    once.answer(request('/fork'), reply, (making) =>
      service.fork({ owner, sessionId: 's' }, { sessionId: 'f' }, making),
    );
  expect(await post()).toBe(await post());
  sessions.delete('f');
  await expect(post()).rejects.toMatchObject({ code: 'session_not_found', ...DELETED });
  sessions.set('f', { sessionId: 'f', owner, title: 'Another' });
  await expect(post()).rejects.toMatchObject({ code: 'session_not_found', ...DELETED });
  expect(forks).toEqual(['f']);
});

test('what could not be marked is a failure, and its repetition gives the same', async () => {
  const { idempotency, once, reply, request } = creator();
  const { rows, service } = conversations();
  const post = () => once.answer(request('/v1/conversations'), reply, (making) => service.create(owner, {}, making));
  const { markMade } = idempotency;
  idempotency.markMade = () => Promise.reject(new Error('redis is away'));
  await expect(post()).rejects.toThrow('redis is away');
  idempotency.markMade = markMade;
  const made = await post();
  expect([...rows.keys()]).toEqual([made['id']]);
  expect(await post()).toEqual(made);
});
