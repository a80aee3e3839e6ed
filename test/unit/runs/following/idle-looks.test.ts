import { setMaxListeners } from 'node:events';
import { memoryLiveHub, memoryRunLog } from '#libs/bus';
import { GatewayError, type LiveHub, type RunHead } from '#libs/contract';
import { tailRun } from '#libs/runs';
import { IdleLooks, type Looked } from '../../../../libs/runs/src/following/idle-looks.js';
import { runLogWith } from '../../../support/run-log-with.js';
import { runSpec } from '../../../support/run-spec.js';
import { until } from '../../../support/until.js';

const head = (lastSeq: number): RunHead => ({ lastSeq }) as RunHead;

test('however many listen to a silent run, there is one look at a time, and fewer the longer it is silent', async () => {
  const at: number[] = [];
  const log = { head: async () => (at.push(performance.now()), head(1)) };
  const looks = new IdleLooks(log, 10, 40);
  const told: Looked[] = [];
  const stops = Array.from({ length: 500 }, () => looks.watch('run_a', (looked) => (told.push(looked), false)));
  await until(() => at.length >= 5);
  for (const stop of stops) stop();
  const count = at.length;
  expect(told).toHaveLength(500 * count);
  const gaps = at.slice(1).map((ms, i) => ms - (at[i] ?? 0));
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(39);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(at).toHaveLength(count);
});

test('a run that is heard of is not looked at', async () => {
  let count = 0;
  const looks = new IdleLooks({ head: async () => (count++, head(1)) }, 20, 20);
  const stop = looks.watch('run_a', () => false);
  looks.heard('run_a');
  const beat = setInterval(() => looks.heard('run_a'), 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  clearInterval(beat);
  expect(count).toBe(0);
  await until(() => count > 0);
  stop();
});

test('a log that is gone is told; Redis being away is not, for a while', async () => {
  const gone = new IdleLooks({ head: async () => undefined }, 5, 5);
  const told: Looked[] = [];
  const stop = gone.watch('run_a', (looked) => (told.push(looked), true));
  await until(() => told.length > 0);
  stop();
  expect(told[0]).toMatchObject({ gone: { code: 'run_log_lost' } });
  let asked = 0;
  const away = new IdleLooks({ head: () => Promise.reject(new GatewayError('queue_unavailable', `${asked++}`)) }, 5, 5);
  const heard: Looked[] = [];
  const leave = away.watch('run_a', (looked) => (heard.push(looked), true));
  await until(() => asked >= 3);
  leave();
  expect(heard).toEqual([]);
});

test('all tails of a process share the looks, and read the log only when something was missed', async () => {
  const memory = memoryRunLog();
  const counts = { head: 0, read: 0 };
  const log = runLogWith(
    {
      head: (runId) => (counts.head++, memory.head(runId)),
      read: (...args) => (counts.read++, memory.read(...args)),
    },
    memory,
  );
  const spec = runSpec();
  await memory.open(spec);
  const deaf: LiveHub = { ...memoryLiveHub(memory, 'here'), watch: async () => ({ close: async () => undefined }) };
  const looks = new IdleLooks(log, 10, 10);
  const start = { runId: spec.runId, instance: 'here', after: 1, caughtUp: true };
  const abort = new AbortController();
  setMaxListeners(100, abort.signal);
  const { signal } = abort;
  const tails = Array.from({ length: 50 }, () => tailRun({ log, hub: deaf, looks }, start, signal));
  const batches = tails.map((tail) => tail.next());
  await until(() => counts.head >= 3);
  expect(counts.read).toBe(0);
  await memory.end(spec.runId, { type: 'run.cancelled', reason: 'requested' });
  for (const { value } of await Promise.all(batches)) expect(value).toMatchObject([{ type: 'run.cancelled' }]);
  expect(counts.read).toBe(50);
  expect(counts.head).toBeLessThan(50);
});
