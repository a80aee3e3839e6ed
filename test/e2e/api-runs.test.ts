import type { RunEvent } from '#libs/contract';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ALICE, BOB, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { startFakeStore, type FakeStore } from '../support/fake-store.js';
import { soon } from '../support/hang.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { dataLines } from '../support/sse.js';
import { stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/** Runs over real HTTP and a real Redis; the test plays the worker. */
const KEEPALIVE_MS = 200;
let lab: ApiLab;
let store: FakeStore;

beforeAll(async () => {
  store = await startFakeStore();
  lab = await startApiLab(2, {
    SSE_KEEPALIVE_MS: String(KEEPALIVE_MS),
    STORE_URL: store.url,
    API_SERVER_CORS_ORIGINS: 'https://app.example',
  });
});
afterAll(async () => {
  await lab.close();
  await store.close();
});

interface Chunk {
  readonly choices: readonly { delta: { content?: string }; finish_reason: string | null }[];
  readonly error?: { code: string };
}
const chunks = (text: string): Chunk[] =>
  dataLines(text)
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data) as Chunk);
const textOf = (text: string): string =>
  chunks(text)
    .map((chunk) => chunk.choices[0]?.delta.content ?? '')
    .join('');

describe('streaming', () => {
  test('the head comes before a worker does, then every delta in order, then [DONE]', async () => {
    const answer = await lab.chat({ stream: true }, { headers: { origin: 'https://app.example' } });
    expect(answer.response.statusCode).toBe(200);
    expect(answer.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': 'https://app.example',
    });
    expect(answer.response.headers).not.toHaveProperty('idempotency-replayed');
    const worker = await lab.work(runIdOf(answer));
    const words = Array.from({ length: 40 }, (_, i) => `w${i} `);
    await worker.answer(...words);
    const text = await answer.whole;
    expect(textOf(text)).toBe(words.join(''));
    expect(dataLines(text).at(-1)).toBe('[DONE]');
    expect(text).not.toContain('\r');
    expect(chunks(text).at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  test('a run that fails says so in the stream and does not look whole', async () => {
    const answer = await lab.chat({ stream: true });
    const worker = await lab.work(runIdOf(answer));
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted, {
      type: 'text.delta',
      step: 1,
      text: 'Hal',
    });
    await worker.say({ type: 'run.failed', error: { code: 'upstream_cut', message: 'broke off' } });
    const all = chunks(await answer.whole);
    expect(all.at(-1)?.error?.code).toBe('upstream_cut');
    expect(all.some((chunk) => chunk.choices?.[0]?.finish_reason)).toBe(false);
  });

  test('silence is filled with comments that no client takes for data', async () => {
    const answer = await lab.chat({ stream: true });
    await until(() => (answer.text().match(/^: keepalive$/gm)?.length ?? 0) >= 3);
    await (await lab.work(runIdOf(answer))).answer('hello');
    expect(textOf(await answer.whole)).toBe('hello');
  });

  test('a log that vanishes ends the stream with an error', async () => {
    const answer = await lab.chat({ stream: true });
    const runId = runIdOf(answer);
    await lab.expire(runId);
    const text = await answer.whole;
    expect(text).toContain('run_log_lost');
  });

  test('a client that does not read holds one burst, and nobody else waits', async () => {
    const sockets: Socket[] = [];
    (lab.apis[0]?.app.getHttpServer() as Server).on('connection', (socket: Socket) => sockets.push(socket));
    const slow = await lab.chat({ stream: true });
    slow.response.pause();
    const worker = await lab.work(runIdOf(slow));
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
    const text = 'x'.repeat(50_000);
    const events = Array.from({ length: 10 }, (): RunEvent => ({ type: 'text.delta', step: 1, text }));
    for (let i = 0; i < 25; i++) await worker.say(...events);
    const fast = await lab.chat({ stream: true });
    await (await lab.work(runIdOf(fast))).answer('quick');
    expect(textOf(await soon(fast.whole))).toBe('quick');
    // A frame of this test is 50 kB; a megabyte is what one slow client may cost.
    const held = Math.max(...sockets.map((socket) => socket.writableLength));
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(1_000_000);
    await worker.say(stepCompleted, { type: 'run.completed', finishReason: 'stop' });
    slow.response.resume();
    expect(textOf(await slow.whole)).toHaveLength(25 * 10 * 50_000);
  });
});

describe('without streaming', () => {
  test('the answer is the fold of the same events', async () => {
    const known = await lab.runs();
    const asked = lab.chat();
    const runId = await lab.newRun(known);
    await (await lab.work(runId)).answer('Hello ', 'there');
    const answer = await asked;
    expect(answer.response.statusCode).toBe(200);
    expect(runIdOf(answer)).toBe(runId);
    expect(JSON.parse(await answer.whole)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
    });
  });

  test.each([
    [{ type: 'run.failed', error: { code: 'upstream_timeout', message: 'too slow' } }, 504, 'upstream_timeout'],
    [
      { type: 'run.failed', error: { code: 'upstream_rate_limited', message: 'too many', retryAfterSeconds: 7 } },
      429,
      'upstream_rate_limited',
    ],
    [{ type: 'run.cancelled', reason: 'requested' }, 409, 'run_cancelled'],
  ] as const)('a run that ended with %o is an error', async (event, status, code) => {
    const known = await lab.runs();
    const asked = lab.chat();
    const runId = await lab.newRun(known);
    await (await lab.work(runId)).say({ type: 'run.started', attempt: 1, worker: 'w' }, event);
    const answer = await asked;
    expect([answer.response.statusCode, runIdOf(answer)]).toEqual([status, runId]);
    expect(JSON.parse(await answer.whole)).toMatchObject({ error: { code } });
    if (status === 429) expect(answer.response.headers['retry-after']).toBe('7');
    if (status === 409) expect(answer.response.headers['x-should-retry']).toBe('false');
  });
});

describe('when the client goes away', () => {
  const cancelled = async (runId: string): Promise<boolean> => (await lab.log.head(runId))?.cancelRequested === true;

  test.each([true, false])('its run is cancelled within milliseconds (stream: %p)', async (stream) => {
    const known = await lab.runs();
    const client = new AbortController();
    const asked = lab.chat({ stream }, { signal: client.signal }).catch(() => undefined);
    const runId = await lab.newRun(known);
    const worker = await lab.work(runId);
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' });
    if (stream) await asked;
    client.abort();
    await until(() => cancelled(runId), { ms: 1_000, everyMs: 5 });
    expect(await worker.say(stepStarted)).toBe('client_disconnected');
  });

  test.each(['cancel', 'continue'])('a chat that broke off ends, and its run then is as it said: %s', async (word) => {
    const answer = await lab.chat({ stream: true }, { headers: { 'x-on-disconnect': word } });
    const runId = runIdOf(answer);
    const worker = await lab.work(runId);
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
    await worker.say({ type: 'text.delta', step: 1, text: 'half of it' });
    await worker.say({ type: 'step.interrupted', step: 1, reason: 'worker_lost' });
    expect(await answer.whole).toMatch(/"code":"worker_lost".*\n\ndata: \[DONE\]\n\n$/);
    expect((await lab.log.head(runId))?.ended).toBe(false);
    if (word === 'cancel') await until(() => cancelled(runId), { ms: 1_000, everyMs: 5 });
    else expect(await worker.say({ ...stepStarted, step: 2 })).toBeUndefined();
  });

  test('a run still in the queue is over at once', async () => {
    const answer = await lab.chat({ stream: true });
    answer.leave();
    await until(async () => (await lab.log.head(runIdOf(answer)))?.ended, { ms: 1_000, everyMs: 5 });
    const last = (await lab.log.read(runIdOf(answer), 0)).at(-1);
    expect(last).toMatchObject({ type: 'run.cancelled', reason: 'client_disconnected' });
  });

  test('it goes on when the request said so, or while others here listen', async () => {
    const stays = await lab.chat({ stream: true }, { headers: { 'x-on-disconnect': 'continue' } });
    const shared = await lab.chat({ stream: true });
    const listener = await lab.ask(`/v1/runs/${runIdOf(shared)}/events`);
    const marker = await lab.chat({ stream: true });
    for (const answer of [stays, shared]) {
      await lab.work(runIdOf(answer));
      answer.leave();
    }
    marker.leave();
    await until(async () => (await lab.log.head(runIdOf(marker)))?.ended);
    expect([await cancelled(runIdOf(stays)), await cancelled(runIdOf(shared))]).toEqual([false, false]);
    listener.leave();
  });
});

describe('/v1/runs', () => {
  const events = async (
    runId: string,
    replica: number,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<string> => (await lab.ask(`/v1/runs/${runId}/events${query}`, { replica, headers })).whole;

  async function finishedRun(...texts: string[]): Promise<string> {
    const answer = await lab.chat({ stream: true });
    await (await lab.work(runIdOf(answer))).answer(...texts);
    await answer.whole;
    return runIdOf(answer);
  }

  test('for every cursor, what was seen and what a resume on the other replica gives is the whole', async () => {
    const answer = await lab.chat({ stream: true });
    const runId = runIdOf(answer);
    const live = [events(runId, 0), events(runId, 1)];
    await (await lab.work(runId)).answer(...Array.from({ length: 12 }, (_, i) => `w${i} `));
    const canonical = await events(runId, 1);
    expect(await Promise.all(live)).toEqual([canonical, canonical]);
    const frames = canonical.split(/(?<=\n\n)/);
    expect(frames.at(-1)).toBe(': stream closed\n\n');
    // The comment goes with the last event.
    frames.splice(-2, 2, frames.slice(-2).join(''));
    const ids = [...canonical.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
    expect(ids.length).toBeGreaterThan(12);
    for (const id of ids) {
      const at = frames.findLastIndex((frame) => frame.includes(`id: ${id}\n`));
      const rest = await events(runId, 1, { 'last-event-id': id });
      expect(frames.slice(0, at + 1).join('') + rest).toBe(canonical);
      expect(await events(runId, 0, {}, `?after_seq=${id.split(':')[1]}`)).toBe(rest);
    }
  });

  test.each(['nonsense', `run_${'0'.repeat(32)}:3`, '{run}:abc', '{run}:-1', '{run}:99999', '{run}:1e2'])(
    'Last-Event-ID %s gives everything',
    async (id) => {
      const runId = await finishedRun('a', 'b');
      expect(await events(runId, 0, { 'last-event-id': id.replace('{run}', runId) })).toBe(await events(runId, 1));
    },
  );

  test('after_event_id in the query means what Last-Event-ID means, which wins', async () => {
    const runId = await finishedRun('a', 'b');
    const canonical = await events(runId, 1);
    const [first = '', second = ''] = [...canonical.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    const rest = await events(runId, 0, { 'last-event-id': second });
    const after = (id: string): string => `?after_event_id=${encodeURIComponent(id)}`;
    expect(rest).not.toBe(canonical);
    expect(await events(runId, 0, {}, after(second))).toBe(rest);
    expect(await events(runId, 0, { 'last-event-id': second }, after(first))).toBe(rest);
    expect(await events(runId, 0, {}, `${after(second)}&after_seq=0`)).toBe(rest);
    for (const id of ['nonsense', `run_${'0'.repeat(32)}:3`, `${runId}:99999`]) {
      expect(await events(runId, 0, {}, after(id))).toBe(canonical);
    }
  });

  test('a run of a session names it on its answer, under both names', async () => {
    const headers = { 'x-hermes-session-id': 'trip' };
    const { response } = await lab.ask('/v1/runs', { method: 'POST', body: { input: 'Hello' }, headers });
    expect(response.statusCode).toBe(202);
    expect(response.headers).toMatchObject({ 'x-session-id': 'trip', 'x-hermes-session-id': 'trip' });
    const without = await lab.ask('/v1/runs', { method: 'POST', body: { input: 'Hello' } });
    // Made from the first message, as with the other protocols.
    expect(without.response.headers['x-session-id']).toMatch(/^api-/);
  });

  test('a query beyond the end of a finished run ends at once', async () => {
    const runId = await finishedRun('a');
    expect(await events(runId, 0, {}, '?after_seq=9999')).toBe('');
  });

  test('a run can be read while it runs and after', async () => {
    const answer = await lab.chat({ stream: true });
    const runId = runIdOf(answer);
    const get = async (): Promise<Record<string, unknown>> =>
      JSON.parse(await (await lab.ask(`/v1/runs/${runId}`, { replica: 1 })).whole) as Record<string, unknown>;
    expect(await get()).toMatchObject({ run_id: runId, status: 'queued' });
    await (await lab.work(runId)).answer('Hello');
    await answer.whole;
    expect(await get()).toMatchObject({ run_id: runId, status: 'completed', output: 'Hello' });
  });

  test('HEAD of the events does not wait for them', async () => {
    const running = await lab.chat({ stream: true });
    const answer = await lab.ask(`/v1/runs/${runIdOf(running)}/events`, { method: 'HEAD' });
    expect(answer.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(await answer.whole).toBe('');
    running.leave();
  });

  test('stop ends a queued run at once, says the same when repeated, and leaves a finished one alone', async () => {
    const answer = await lab.chat({ stream: true });
    const runId = runIdOf(answer);
    const stop = async (id: string): Promise<unknown> =>
      JSON.parse(await (await lab.ask(`/v1/runs/${id}/stop`, { method: 'POST', replica: 1 })).whole);
    expect(await stop(runId)).toEqual({ run_id: runId, status: 'cancelled' });
    expect(await stop(runId)).toEqual({ run_id: runId, status: 'cancelled' });
    expect(await answer.whole).toContain('run_cancelled');
    const done = await finishedRun('a');
    expect(await stop(done)).toEqual({ run_id: done, status: 'completed' });
  });

  test('stop waits for the worker', async () => {
    const answer = await lab.chat({ stream: true });
    const runId = runIdOf(answer);
    const worker = await lab.work(runId);
    const stopped = lab.ask(`/v1/runs/${runId}/stop`, { method: 'POST' });
    await until(async () => (await lab.log.head(runId))?.cancelRequested);
    await worker.say({ type: 'run.cancelled', reason: 'requested' });
    expect(JSON.parse(await (await stopped).whole)).toEqual({ run_id: runId, status: 'cancelled' });
  });

  test("another key's run is answered like one that never was", async () => {
    const runId = await finishedRun('secret');
    const bob = { authorization: `Bearer ${BOB}` };
    store.runs.set(`run_${'a'.repeat(32)}`, runSnapshot({ runId: `run_${'a'.repeat(32)}`, owner: 'alice' }));
    for (const [path, method] of [
      ['', 'GET'],
      ['/events', 'GET'],
      ['/stop', 'POST'],
    ] as const) {
      const bodies = new Set<string>();
      for (const id of [runId, `run_${'a'.repeat(32)}`, `run_${'0'.repeat(32)}`, 'run_x', '..%2f..']) {
        const answer = await lab.ask(`/v1/runs/${id}${path}`, { method, headers: bob });
        expect([id, answer.response.statusCode]).toEqual([id, 404]);
        expect(answer.response.headers).not.toHaveProperty('x-run-id');
        bodies.add(await answer.whole);
      }
      expect(bodies.size).toBe(1);
    }
    const mine = await lab.ask(`/v1/runs/${runId}`, { headers: { authorization: `Bearer ${ALICE}` } });
    expect(mine.response.statusCode).toBe(200);
  });

  test('after its log has expired a run is read from the store, and its events end with a marked last one', async () => {
    const runId = await finishedRun('kept');
    const before = await (await lab.ask(`/v1/runs/${runId}`)).whole;
    store.runs.set(runId, await lab.snapshot(runId));
    await lab.expire(runId);
    expect(await (await lab.ask(`/v1/runs/${runId}`)).whole).toBe(before);
    const text = await events(runId, 1);
    expect(dataLines(text)).toHaveLength(1);
    expect(JSON.parse(dataLines(text)[0] ?? '')).toMatchObject({
      event: 'run.completed',
      run_id: runId,
      output: 'kept',
      replayed_from: 'store',
    });
    expect(text.endsWith(': stream closed\n\n')).toBe(true);
  });
});
