import {
  bullRunQueue,
  connectRedis,
  redisApprovalMemory,
  redisRunLog,
  redisRunPorts,
  redisSessionTurns,
  startRunWorker,
  type RedisConnection,
  type RunJob,
  type RunWorker,
} from '#libs/bus';
import type { LoggedEvent, RunDraft, RunLog } from '#libs/contract';
import { Runs, settleEnded, type EndPorts, type RunToStart, type StartedRun } from '#libs/runs';
import { storeClient } from '#libs/store-client';
import { startFakeStore, type FakeStore } from '../support/fake-store.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { scriptedWorker, stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/**
 * A messenger as it would be built: an app of its own that starts and follows runs with libs/runs, libs/bus and
 * libs/store-client, on a real Redis, with nothing of apps/api. The worker behind it does what the user's text says.
 */
const OWNER = 'messenger';
const PREFIX = 'm';
interface Worker {
  readonly runs: RunWorker;
  readonly ports: EndPorts & { readonly log: RunLog };
  close(): Promise<void>;
}

let redis: TestRedis;
let store: FakeStore;
let worker: Worker;
let messenger: ReturnType<typeof openMessenger>;

beforeAll(async () => {
  redis = await startRedis();
  store = await startFakeStore();
  worker = openWorker();
  messenger = openMessenger();
  await until(() =>
    messenger.connection.ping().then(
      () => true,
      () => false,
    ),
  );
});
afterAll(async () => {
  await messenger.close();
  await worker.close();
  await store.close();
  await redis.stop();
});

function openMessenger() {
  const connection = connectRedis({ url: redis.url, prefix: PREFIX, role: 'api' });
  const subscriber = connectRedis({ url: redis.url, prefix: PREFIX, role: 'subscriber' });
  const stored = storeClient({ url: store.url });
  const ports = redisRunPorts(connection, subscriber, 'messenger-1');
  const runs = new Runs({
    ...ports,
    store: stored.runs,
    sessions: stored.sessions,
    room: { queuedMax: 100, waitingMaxOf: () => 100, slots: () => 0 },
  });
  const close = async (): Promise<void> => {
    await ports.close();
    connection.close();
  };
  return { connection, runs, close };
}

/** What a chat message becomes: the next turn of the chat's session. */
function messageOf(content: string, sessionId?: string): RunToStart {
  const draft: RunDraft = {
    protocol: 'messenger',
    model: null,
    messages: [{ role: 'user', content }],
    tools: [],
    toolChoice: { kind: 'auto' },
    sampling: {},
    onDisconnect: 'continue',
    stream: true,
    echo: {},
    ...(sessionId !== undefined && { sessionId }),
  };
  return { draft, owner: OWNER, model: 'demo', ...(sessionId !== undefined && { turn: { whenBusy: 'wait' } }) };
}

/** Follows a run to its end. @param onEvent may do something about an event before the next ones are taken. */
async function listen(run: StartedRun, onEvent?: (event: LoggedEvent) => Promise<void>): Promise<LoggedEvent[]> {
  const heard: LoggedEvent[] = [];
  const take = async (batch: readonly LoggedEvent[]): Promise<void> => {
    for (const event of batch) {
      heard.push(event);
      await onEvent?.(event);
    }
  };
  const { runs } = messenger;
  await runs.attend(run.runId, () => runs.follow({ ...run, after: 0 }, take, new AbortController().signal));
  return heard;
}

const textOf = (events: readonly LoggedEvent[]): string =>
  events.map((event) => (event.type === 'text.delta' ? event.text : '')).join('');

test('a message is answered, event by event, and the run is on its way into the store', async () => {
  const { runs } = messenger;
  const listenUntil = new AbortController().signal;
  const run = await runs.start(messageOf('say Hello, you'), { listenUntil });
  const events = await listen(run);
  expect(textOf(events)).toBe('Hello, you');
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.at(-1)?.type).toBe('run.completed');
  expect(await runs.get(run.runId, OWNER)).toMatchObject({ status: 'completed', protocol: 'messenger' });
  await expect(runs.get(run.runId, 'somebody')).rejects.toMatchObject({ code: 'run_not_found' });
  expect(await worker.ports.log.unconfirmed(Date.now(), 100)).toContain(run.runId);
});

test('the messages of a chat are answered one after the other, each continuing the one before', async () => {
  const { runs } = messenger;
  const first = await runs.start(messageOf('listen', 'chat-1'));
  const second = await runs.start(messageOf('say two', 'chat-1'));
  expect((await worker.ports.log.spec(second.runId))?.parentId).toBe(first.runId);
  await until(async () => (await runs.get(first.runId, OWNER)).status === 'running');
  expect((await runs.get(second.runId, OWNER)).status).toBe('queued');
  await runs.steer(first.runId, OWNER, 'one');
  expect(textOf(await listen(first))).toBe('one');
  expect(textOf(await listen(second))).toBe('two');
});

test('a run is stopped while its worker speaks, and while it waits in the queue', async () => {
  const { runs } = messenger;
  const spoken = await runs.start(messageOf('listen', 'chat-2'));
  const waiting = await runs.start(messageOf('say never', 'chat-2'));
  await until(async () => (await runs.get(spoken.runId, OWNER)).status === 'running');
  expect(await runs.stop(waiting.runId, OWNER)).toBe('cancelled');
  expect(await runs.stop(spoken.runId, OWNER)).toBe('cancelled');
  expect(textOf(await listen(waiting))).toBe('');
});

test('a run that nobody listens to any more is cancelled by the listener who left it', async () => {
  const { runs } = messenger;
  const run = await runs.start(messageOf('listen'));
  const gone = new AbortController();
  const listening = runs.attend(
    run.runId,
    () => runs.follow({ ...run, after: 0 }, () => void gone.abort(), gone.signal),
    () => gone.signal.aborted,
  );
  await listening;
  await until(async () => (await runs.get(run.runId, OWNER)).status === 'cancelled');
});

test('a parked run goes on when its approval is answered from the chat', async () => {
  const { runs } = messenger;
  const run = await runs.start(messageOf('ask'));
  const events = await listen(run, async (event) => {
    if (event.type === 'run.parked') await runs.approve(run.runId, OWNER, { decision: 'once' });
  });
  const types = events.map(({ type }) => type);
  expect(types.slice(types.indexOf('approval.requested'))).toEqual([
    'approval.requested',
    'run.parked',
    'run.started',
    'approval.resolved',
    'step.completed',
    'run.completed',
  ]);
  expect(events.find(({ type }) => type === 'approval.resolved')).toMatchObject({ decision: 'once', by: 'user' });
});

function openWorker(): Worker {
  const connection: RedisConnection = connectRedis({ url: redis.url, prefix: PREFIX, role: 'worker' });
  const queue = bullRunQueue(connection);
  const log = redisRunLog(connection);
  const persist = { enqueue: async () => undefined };
  const sessionTurns = redisSessionTurns(connection);
  const ports = { log, queue, persist, sessionTurns, approvals: redisApprovalMemory(connection) };
  const handle = async (job: RunJob): Promise<'done'> => {
    if (await play(log, queue, job)) await settleEnded(ports, [{ runId: job.runId }]);
    return 'done';
  };
  const runs = startRunWorker({
    connection,
    concurrency: 4,
    handle,
    onError: () => undefined,
    onFailed: (runId, cause) => {
      throw new Error(`the run ${runId} failed`, { cause });
    },
  });
  return {
    runs,
    ports,
    async close() {
      await runs.drain(1_000);
      await queue.close();
      connection.close();
    },
  };
}

/** Does what the text of the run asks for. @returns whether the run has ended. */
async function play(log: RunLog, queue: ReturnType<typeof bullRunQueue>, job: RunJob): Promise<boolean> {
  const { runId, attempt, generation } = job;
  const message = (await log.spec(runId))?.messages[0];
  const [verb, ...words] = (message?.role === 'user' ? String(message.content) : '').split(' ');
  const hand = await scriptedWorker(log, runId, { attempt, generation });
  switch (verb) {
    case 'say':
      await hand.answer(words.join(' '));
      return true;
    case 'listen':
      await hand.say({ type: 'run.started', attempt: 1, worker: 'scripted' }, stepStarted);
      return untilTold(log, runId, hand);
    default:
      return generation === 0 ? ask(log, queue, { job, hand }) : goOn(hand);
  }
}

type Hand = Awaited<ReturnType<typeof scriptedWorker>>;

/** Says the first steering text, or that the run was cancelled. */
async function untilTold(log: RunLog, runId: string, hand: Hand): Promise<true> {
  const { cancel, steers } = await until(async () => {
    const controls = await log.controls(runId);
    return controls.cancel !== undefined || controls.steers.length > 0 ? controls : undefined;
  });
  if (cancel) await hand.say({ type: 'run.cancelled', reason: cancel });
  else {
    await hand.say({ type: 'text.delta', step: 1, text: steers[0] ?? '' }, stepCompleted);
    await hand.say({ type: 'run.completed', finishReason: 'stop' });
  }
  return true;
}

const CALL = { step: 1, callId: 'call_1', name: 'terminal', arguments: '{}' } as const;
const APPROVAL_ID = 'apr_1';

async function ask(
  log: RunLog,
  queue: ReturnType<typeof bullRunQueue>,
  { job: { runId, attempt }, hand }: { readonly job: RunJob; readonly hand: Hand },
): Promise<false> {
  const deadline = Date.now() + 60_000;
  await hand.say(
    { type: 'run.started', attempt: 1, worker: 'scripted' },
    stepStarted,
    { type: 'tool_call.started', ...CALL, executedBy: 'server' },
    { type: 'tool_call.ready', ...CALL, executedBy: 'server' },
    { type: 'approval.requested', ...CALL, approvalId: APPROVAL_ID, expiresAt: deadline },
  );
  await queue.enqueueParked({ runId, generation: 1 }, 60_000);
  const event = { type: 'run.parked', step: 1, usage: stepCompleted.usage } as const;
  await log.park({ runId, attempt, event, deadline, generation: 1, approvalIds: [APPROVAL_ID] });
  return false;
}

async function goOn(hand: Hand): Promise<true> {
  const resolved = { approvalId: APPROVAL_ID, decision: 'once', by: 'user' } as const;
  await hand.say(
    { type: 'run.started', attempt: 2, worker: 'scripted' },
    { type: 'approval.resolved', step: 1, callId: CALL.callId, ...resolved },
    stepCompleted,
  );
  await hand.say({ type: 'run.completed', finishReason: 'stop' });
  return true;
}
