import { memoryConversationLock, memoryIdempotency } from '#libs/bus';
import type { StoredConversations } from '#libs/contract';
import { historyReader } from '#libs/history';
import { createLogger } from '#libs/platform';
import { RunDesk, type Admitted } from '../../../../apps/api/src/runs/admitting/run-desk.js';
import { ConversationDesk } from '../../../../apps/api/src/responses/conversations/conversation-desk.js';
import { PrepareResponse } from '../../../../apps/api/src/responses/prepare-response.js';
import { ResponseFinder } from '../../../../apps/api/src/runs/response-finder.js';
import { memoryRuns } from '../../../support/memory-runs.js';
import { decodeResponses } from '../../../support/responses-request.js';

/** One API on memory twins, whose queue takes so many runs, and a conversation without items. */
function setUp(queuedMax: number, orderBytesMax = 1_000_000) {
  const room = { queuedMax, waitingMaxOf: () => 9, slots: () => 9, orderBytesMax };
  const { runs, log, queue } = memoryRuns({ room });
  const turns = memoryConversationLock();
  const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
  const store = { run: async () => undefined, turns: async () => [] };
  const desk = new RunDesk({ runs, idempotency: memoryIdempotency(), store, logger });
  const conversations = { all: async () => [] } as unknown as StoredConversations;
  const prepare = new PrepareResponse({
    finder: new ResponseFinder(runs, log),
    desk: new ConversationDesk({ conversations, turns, runs }),
    conversations,
    history: historyReader({ log, store }),
    logger,
  });
  const respond = (): Promise<Admitted> => {
    const draft = decodeResponses({ input: 'Hi', conversation: 'conv_1' });
    const complete = (runId: string) => prepare.complete(draft, { owner: 'alice', runId });
    return desk.admit({ draft, model: 'demo', owner: 'alice', complete }, new AbortController().signal);
  };
  return { queue, log, turns, respond };
}

describe('the turn in a conversation', () => {
  test('is not taken for a run for which there is no place in the queue', async () => {
    const { queue, log, turns, respond } = setUp(1);
    await queue.enqueue('run_of_somebody');
    await expect(respond()).rejects.toMatchObject({ code: 'queue_full' });
    expect(await turns.last('conv_1')).toBeUndefined();
    queue.take();
    const { runId } = await respond();
    expect((await turns.last('conv_1'))?.runId).toBe(runId);
    expect((await log.spec(runId))?.parentId).toBeUndefined();
  });

  test('is given back at once by a run that is refused for the bytes of its key, to the run before it', async () => {
    const { log, turns, respond } = setUp(9, 1);
    const { runId } = await respond();
    await log.end(runId, { type: 'run.cancelled', reason: 'requested' });
    for (let i = 0; i < 2; i++) {
      await expect(respond()).rejects.toMatchObject({ code: 'queue_full', reason: 'key_order_bytes' });
      expect((await turns.last('conv_1'))?.runId).toBe(runId);
    }
    await log.confirmPersisted([runId]);
    expect((await respond()).kind).toBe('opened');
  });

  test('is had by one run at a time', async () => {
    const { respond } = setUp(9);
    await respond();
    await expect(respond()).rejects.toMatchObject({ code: 'conversation_locked' });
  });
});
