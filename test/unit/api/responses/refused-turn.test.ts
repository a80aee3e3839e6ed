import type { StoredConversations } from '#libs/contract';
import {
  memoryApprovalMemory,
  memoryConversationLock,
  memoryIdempotency,
  memoryLiveHub,
  memoryPersistQueue,
  memoryRunLog,
  memoryRunQueue,
  memorySessionTurns,
} from '#libs/bus';
import { historyReader } from '#libs/history';
import { createLogger } from '#libs/platform';
import { Admission } from '../../../../apps/api/src/runs/admitting/admission.js';
import { RunDesk, type Admitted } from '../../../../apps/api/src/runs/admitting/run-desk.js';
import { ConversationDesk } from '../../../../apps/api/src/responses/conversations/conversation-desk.js';
import { PrepareResponse } from '../../../../apps/api/src/responses/prepare-response.js';
import { ResponseFinder } from '../../../../apps/api/src/runs/response-finder.js';
import { RunService } from '../../../../apps/api/src/runs/run-service.js';
import { TurnDesk } from '../../../../apps/api/src/runs/placing/turn-desk.js';
import { decodeResponses } from '../../../support/responses-request.js';

/** One API on memory twins, whose queue takes so many runs, and a conversation without items. */
function setUp(queuedMax: number) {
  const [log, queue, turns, sessionTurns] = [
    memoryRunLog(),
    memoryRunQueue(),
    memoryConversationLock(),
    memorySessionTurns(),
  ];
  const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
  const store = { run: async () => undefined, turns: async () => [] };
  const [hub, persist, approvals] = [memoryLiveHub(log, 'here'), memoryPersistQueue(), memoryApprovalMemory()];
  const runs = new RunService({ log, hub, queue, sessionTurns, persist, approvals, store, logger });
  const limits = { inFlightMax: 9, inFlightPerKeyMax: 9, queuedMax, queuedPerKeyMax: 9, ofKeys: new Map() };
  const admission = new Admission(queue, limits, () => 9);
  const turnDesk = new TurnDesk({ sessionTurns, sessions: { session: async () => undefined } });
  const desk = new RunDesk({ runs, admission, turns: turnDesk, idempotency: memoryIdempotency(), store, logger });
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

  test('is had by one run at a time', async () => {
    const { respond } = setUp(9);
    await respond();
    await expect(respond()).rejects.toMatchObject({ code: 'conversation_locked' });
  });
});
