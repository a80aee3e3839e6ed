import { memorySessionTurns } from '#libs/bus';
import { GatewayError, LIMITS, type SessionRecord, type SessionRef, type SessionTurns } from '#libs/contract';
import { newRunId } from '#libs/runs';
import { enterSession } from '../../../../libs/runs/src/placing/enter-session.js';

const session = { owner: 'alice', sessionId: 's' };
const away = new GatewayError('unavailable', 'away');
const stored = { lastRunId: 'run_stored', lastRunAt: 7 } as SessionRecord;

function entryTo(turns: SessionTurns, ask: () => Promise<SessionRecord | undefined> = async () => undefined) {
  let asked = 0;
  const sessions = {
    session() {
      asked++;
      return ask();
    },
  };
  const ports = { sessionTurns: turns, sessions };
  const enter = (ref: SessionRef, runId: string, whenBusy: 'wait' | 'reject') =>
    enterSession(ports, { session: ref, runId, whenBusy });
  return { enter, asked: () => asked };
}

test('the first turn of a session asks the store, later ones do not', async () => {
  const turns = memorySessionTurns();
  const { enter, asked } = entryTo(turns, async () => stored);
  const first = newRunId();
  expect((await enter(session, first, 'wait')).parentId).toBe('run_stored');
  await turns.ready(session, first);
  expect((await enter(session, newRunId(), 'wait')).parentId).toBe(first);
  expect(asked()).toBe(1);
});

test('while the store is away nobody begins a session that only it may know; one that Redis knows goes on', async () => {
  const turns = memorySessionTurns();
  const { enter } = entryTo(turns, () => Promise.reject(away));
  await expect(enter(session, newRunId(), 'wait')).rejects.toBe(away);
  const first = newRunId();
  await turns.enter({ session, runId: first, whenBusy: 'wait', waitingMax: 1, last: null });
  await turns.ready(session, first);
  expect((await enter(session, newRunId(), 'wait')).parentId).toBe(first);
});

test('a request that comes while another one is opening its run waits for it', async () => {
  const turns = memorySessionTurns();
  const { enter } = entryTo(turns);
  const [first, second] = [newRunId(), newRunId()];
  await enter(session, first, 'wait');
  const waiting = enter(session, second, 'wait');
  expect(await Promise.race([waiting, new Promise((done) => setTimeout(() => done('still waiting'), 30))])).toBe(
    'still waiting',
  );
  await turns.ready(session, first);
  expect((await waiting).parentId).toBe(first);
});

test('busy and full are told apart', async () => {
  const turns = memorySessionTurns();
  const { enter } = entryTo(turns);
  const join = async (): Promise<void> => {
    const runId = newRunId();
    await enter(session, runId, 'wait');
    await turns.ready(session, runId);
  };
  await join();
  await expect(enter(session, newRunId(), 'reject')).rejects.toMatchObject({ code: 'session_busy' });
  for (let i = 0; i < LIMITS.sessionTurnsWaitingMax; i++) await join();
  await expect(enter(session, newRunId(), 'wait')).rejects.toMatchObject({ code: 'session_queue_full' });
});
