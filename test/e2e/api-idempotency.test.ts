import { connectRedis, redisIdempotency } from '#libs/bus';
import { foldAll } from '#libs/contract';
import { newRunId } from '#libs/runs';
import { idempotencyClaim } from '../../apps/api/src/runs/admitting/idempotency-key.js';
import { BOB, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { startFakeStore, type FakeStore } from '../support/fake-store.js';
import { dataLines, type OpenAnswer } from '../support/sse.js';
import { until } from '../support/until.js';

/** One Idempotency-Key, one run: over two APIs on one Redis. */
let lab: ApiLab;
let store: FakeStore;

beforeAll(async () => {
  store = await startFakeStore();
  lab = await startApiLab(2, { STORE_URL: store.url });
});
afterAll(async () => {
  await lab.close();
  await store.close();
});

const key = (name: string): Record<string, string> => ({
  'idempotency-key': `${expect.getState().currentTestName?.length}-${name}`,
});
const replayed = ({ response }: OpenAnswer): boolean => response.headers['idempotency-replayed'] === 'true';

test.each([true, false])('twenty at once on two APIs are one run with one answer (stream: %p)', async (stream) => {
  const known = await lab.runs();
  const headers = key(`twenty-${stream}`);
  const asked = Array.from({ length: 20 }, (_, i) => lab.chat({ stream }, { headers, replica: i % 2 }));
  const runId = await lab.newRun(known);
  await (await lab.work(runId)).answer('one ', 'answer');
  const answers = await Promise.all(asked);
  const texts = await Promise.all(answers.map((answer) => answer.whole));
  expect(answers.map((answer) => answer.response.statusCode)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(runIdOf))).toEqual(new Set([runId]));
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toContain('answer');
  expect(answers.filter(replayed)).toHaveLength(19);
  expect((await lab.runs()).size - known.size).toBe(1);
});

test('the same key with another body, another session or stream is a conflict that no SDK retries', async () => {
  const headers = key('conflict');
  const first = await lab.chat({ stream: true }, { headers });
  for (const [fields, more] of [
    [{ stream: true, temperature: 1 }, {}],
    [{ stream: false }, {}],
    [{ stream: true }, { 'x-session-id': 's' }],
  ] as const) {
    const answer = await lab.chat(fields, { headers: { ...headers, ...more }, replica: 1 });
    expect(answer.response.statusCode).toBe(409);
    expect(answer.response.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(await answer.whole)).toMatchObject({ error: { code: 'idempotency_key_conflict' } });
  }
  first.leave();
});

test('the same key of another owner is another run', async () => {
  const headers = key('owners');
  const mine = await lab.chat({ stream: true }, { headers });
  const theirs = await lab.chat({ stream: true }, { headers: { ...headers, authorization: `Bearer ${BOB}` } });
  expect(runIdOf(theirs)).not.toBe(runIdOf(mine));
  expect(replayed(theirs)).toBe(false);
  mine.leave();
  theirs.leave();
});

test('a replayed stream starts at the beginning, or after Last-Event-ID', async () => {
  const headers = key('cursor');
  const first = await lab.chat({ stream: true }, { headers });
  const runId = runIdOf(first);
  await (await lab.work(runId)).answer('a', 'b', 'c');
  const whole = await first.whole;
  const again = async (lastEventId?: string): Promise<string> => {
    const more = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const answer = await lab.chat({ stream: true }, { headers: { ...headers, ...more }, replica: 1 });
    expect([replayed(answer), runIdOf(answer)]).toEqual([true, runId]);
    return answer.whole;
  };
  expect(await again()).toBe(whole);
  expect(await again(`${newRunId()}:3`)).toBe(whole);
  // 1 queued, 2 started, 3 step, then the texts.
  const afterA = dataLines(await again(`${runId}:4`));
  expect(afterA).toEqual(dataLines(whole).slice(-afterA.length));
  expect(afterA[0]).toContain('"content":"b"');
});

test('the disconnect of a listener that joined does not end the run', async () => {
  const headers = key('leave');
  const first = await lab.chat({ stream: true }, { headers });
  const runId = runIdOf(first);
  const worker = await lab.work(runId);
  const second = await lab.chat({ stream: true }, { headers, replica: 1 });
  second.leave();
  const other = await lab.chat({ stream: true }, { replica: 1 });
  other.leave();
  await until(async () => (await lab.log.head(runIdOf(other)))?.ended);
  expect((await lab.log.head(runId))?.cancelRequested).toBe(false);
  await worker.answer('still here');
  expect(await first.whole).toContain('still here');
});

/** Resolves when everything that was sent to this API before has been heard there, a closed connection too. */
async function settled(replica: number): Promise<void> {
  const marker = await lab.chat({ stream: true }, { replica });
  marker.leave();
  await until(async () => (await lab.log.head(runIdOf(marker)))?.ended);
}

test('whoever is cut off finds the answer under the key again', async () => {
  const headers = key('cut-off');
  const first = await lab.chat({ stream: true }, { headers });
  const runId = runIdOf(first);
  const worker = await lab.work(runId);
  first.leave();
  await settled(0);
  expect((await lab.log.head(runId))?.cancelRequested).toBe(false);
  const again = await lab.chat({ stream: true }, { headers, replica: 1 });
  await worker.answer('after ', 'all');
  expect(runIdOf(again)).toBe(runId);
  expect(await again.whole).toContain('"finish_reason":"stop"');
});

test('a request with a key that says so ends its run with its client, unless others listen on another API', async () => {
  const headers = { ...key('cancel'), 'x-on-disconnect': 'cancel' };
  const first = await lab.chat({ stream: true }, { headers });
  const runId = runIdOf(first);
  const worker = await lab.work(runId);
  const second = await lab.chat({ stream: true }, { headers, replica: 1 });
  await until(async () => (await lab.log.followersElsewhere(runId)) > 0);
  first.leave();
  await settled(0);
  expect((await lab.log.head(runId))?.cancelRequested).toBe(false);
  await worker.answer('for ', 'two');
  expect(await second.whole).toContain('two');

  const alone = await lab.chat({ stream: true }, { headers: { ...headers, ...key('alone') } });
  alone.leave();
  await until(async () => (await lab.log.head(runIdOf(alone)))?.ended);
});

describe('compaction', () => {
  const compact = async (headers: Record<string, string>, replica: number, signal?: AbortSignal) =>
    lab.ask('/v1/responses/compact', {
      method: 'POST',
      body: { model: 'talaria', input: 'x' },
      headers,
      replica,
      ...(signal && { signal }),
    });

  test.each([
    ['the first', 0, {}],
    ['the second', 1, {}],
    ['the first, that says cancel,', 0, { 'x-on-disconnect': 'cancel' }],
  ] as const)('of two requests with one key %s may leave', async (who, leaving, more) => {
    const known = await lab.runs();
    const headers = { ...key(who.replaceAll(' ', '-')), ...more };
    const leave = new AbortController();
    const signal = (replica: number): AbortSignal | undefined => (replica === leaving ? leave.signal : undefined);
    const first = compact(headers, 0, signal(0));
    const runId = await lab.newRun(known);
    const worker = await lab.work(runId);
    const second = compact(headers, 1, signal(1));
    await until(async () => (await lab.log.followersElsewhere(runId)) > 0);
    const [left, stays] = leaving === 0 ? [first, second] : [second, first];
    leave.abort();
    await expect(left).rejects.toThrow();
    await settled(leaving);
    expect((await lab.log.head(runId))?.cancelRequested).toBe(false);
    await worker.answer('the ', 'notes');
    const answer = await stays;
    expect([answer.response.statusCode, runIdOf(answer)]).toEqual([200, runId]);
    expect((JSON.parse(await answer.whole) as { object: string }).object).toBe('response.compaction');
  });

  test('without a key ends with its client', async () => {
    const known = await lab.runs();
    const leave = new AbortController();
    const asked = compact({}, 0, leave.signal);
    const runId = await lab.newRun(known);
    leave.abort();
    await expect(asked).rejects.toThrow();
    await until(async () => (await lab.log.head(runId))?.ended);
  });
});

/** Reserves a key as an API does that dies before it opens the run. */
async function reserveOnly(name: string, body: object): Promise<{ runId: string; headers: Record<string, string> }> {
  const headers = key(name);
  const claim = idempotencyClaim({ owner: 'alice', route: '/v1/chat/completions', headers, body });
  const connection = connectRedis({ url: lab.redis.url, prefix: 'talaria', role: 'worker' });
  const runId = newRunId();
  if (!claim) throw new Error('no claim');
  await redisIdempotency(connection).reserve(claim.scope, claim.fingerprint, runId);
  connection.close();
  return { runId, headers };
}
const body = { model: 'talaria', messages: [{ role: 'user', content: 'Hello' }], stream: true };

test('a run that was reserved and never opened is opened by the retry, under the same id', async () => {
  const { runId, headers } = await reserveOnly('dead', body);
  const answer = await lab.chat({ stream: true }, { headers });
  expect([runIdOf(answer), replayed(answer)]).toEqual([runId, false]);
  await (await lab.work(runId)).answer('late');
  expect(await answer.whole).toContain('late');
});

test('after the log has expired the answer comes from the store', async () => {
  const headers = key('stored');
  const first = await lab.chat({ stream: true }, { headers });
  const runId = runIdOf(first);
  await (await lab.work(runId)).answer('kept ', 'text');
  await first.whole;
  store.runs.set(runId, foldAll(await lab.log.read(runId, 0)));
  await lab.expire(runId);
  const again = await lab.chat({ stream: true }, { headers });
  expect([runIdOf(again), replayed(again)]).toEqual([runId, true]);
  const text = await again.whole;
  expect(text).toContain('"content":"kept text"');
  expect(dataLines(text).at(-1)).toBe('[DONE]');
  expect((await lab.log.head(runId)) ?? null).toBeNull();
});

test('a request that is refused before it has a run leaves its key free', async () => {
  const headers = key('refused');
  const refused = await lab.chat({ stream: true, temperature: 99 }, { headers });
  expect(refused.response.statusCode).toBe(400);
  const answer = await lab.chat({ stream: true }, { headers });
  expect([answer.response.statusCode, replayed(answer)]).toEqual([200, false]);
  answer.leave();
});
