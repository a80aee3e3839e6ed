import { once } from 'node:events';
import { connect } from 'node:net';
import { ALICE, BOB, runIdOf, startApiLab, type ApiLab } from '../support/api-lab.js';
import { soon } from '../support/hang.js';
import { dataLines } from '../support/sse.js';
import { stepCompleted, stepStarted } from '../support/scripted-worker.js';
import { until } from '../support/until.js';

/** Models, limits, draining, and Redis being away. */
let lab: ApiLab;
afterEach(() => lab.close());

const json = async (answer: { whole: Promise<string> }): Promise<Record<string, unknown>> =>
  JSON.parse(await answer.whole) as Record<string, unknown>;
const codeOf = async (answer: { whole: Promise<string> }): Promise<unknown> =>
  ((await json(answer))['error'] as Record<string, unknown>)['code'];

describe('models', () => {
  const worker = (unknownModels: 'reject' | 'passthrough') => ({
    id: `worker-${unknownModels}`,
    version: 'test',
    capacity: 1,
    models: [
      { name: 'vendor/large', upstream: 'openai' },
      { name: 'a-small', upstream: 'demo' },
    ],
    tools: ['current_time', 'fs__read'],
    unknownModels,
    defaultModel: 'talaria',
  });

  test('names come from the workers, the default first, slashes and all', async () => {
    lab = await startApiLab(1);
    const nobody = await lab.chat({ model: 'a-small' });
    expect([nobody.response.statusCode, await codeOf(nobody)]).toEqual([503, 'unavailable']);
    expect(Number(nobody.response.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const early = await lab.chat({ stream: true });
    expect(early.response.statusCode).toBe(200);
    early.leave();

    await lab.registry.announce(worker('reject'));
    const known = await lab.chat({ model: 'vendor/large', stream: true });
    expect(known.response.statusCode).toBe(200);
    known.leave();
    const unknown = await lab.chat({ model: 'nobody-has-it' });
    expect([unknown.response.statusCode, await codeOf(unknown)]).toEqual([404, 'model_not_found']);

    const list = await json(await lab.ask('/v1/models'));
    expect(list).toMatchObject({ object: 'list' });
    expect((list['data'] as { id: string }[]).map(({ id }) => id)).toEqual(['talaria', 'a-small', 'vendor/large']);
    for (const path of ['vendor/large', 'vendor%2Flarge']) {
      expect(await json(await lab.ask(`/v1/models/${path}`))).toMatchObject({ id: 'vendor/large', owned_by: 'openai' });
    }
    expect((await lab.ask('/v1/models/vendor')).response.statusCode).toBe(404);
    const headers = { 'anthropic-version': '2023-06-01' };
    expect(await json(await lab.ask('/v1/models', { headers }))).toMatchObject({
      data: [{ type: 'model', id: 'talaria' }, {}, {}],
      first_id: 'talaria',
      last_id: 'vendor/large',
      has_more: false,
    });
    await until(async () => (await json(await lab.ask('/health')))['workers'] === 1);
  });

  test('a worker that passes names on makes every name good', async () => {
    lab = await startApiLab(1);
    await lab.registry.announce(worker('passthrough'));
    const answer = await lab.chat({ model: 'whatever', stream: true });
    expect(answer.response.statusCode).toBe(200);
    expect((await lab.log.claim(runIdOf(answer), 1, 'w')) as object).toMatchObject({ spec: { model: 'whatever' } });
    answer.leave();
  });
});

describe('limits', () => {
  test('places are taken and given back, however a request ends', async () => {
    lab = await startApiLab(1, { MAX_IN_FLIGHT: '2' });
    const first = await lab.chat({ stream: true });
    const second = await lab.chat({ stream: true });
    const refused = await lab.chat();
    expect([refused.response.statusCode, await codeOf(refused)]).toEqual([429, 'rate_limit_exceeded']);
    expect(refused.response.headers['retry-after']).toBe('1');
    await (await lab.work(runIdOf(first))).answer('done');
    await first.whole;
    second.leave();
    for (let i = 0; i < 4; i++) expect((await lab.chat({ temperature: 99 })).response.statusCode).toBe(400);
    const free = async (): Promise<boolean> => {
      const answer = await lab.chat({ stream: true });
      return answer.response.statusCode === 200;
    };
    await until(free);
  });

  test('a full queue refuses runs, and an idempotency key is not used up by that', async () => {
    lab = await startApiLab(1, { MAX_QUEUED: '1' });
    const first = await lab.chat({ stream: true });
    let tries = 0;
    const key = (): Record<string, string> => ({
      'idempotency-key': `full-${tries}`,
      'x-on-disconnect': 'cancel',
    });
    const refused = await until(async () => {
      tries++;
      const answer = await lab.chat({ stream: true }, { headers: key() });
      if (answer.response.statusCode === 429) return answer;
      // The depth may be a quarter of a second old.
      answer.leave();
      return undefined;
    });
    expect(await codeOf(refused)).toBe('queue_full');
    expect(Number(refused.response.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    first.leave();
    await until(async () => (await lab.chat({ stream: true }, { headers: key() })).response.statusCode === 200);
  });
});

describe('bytes on their way in', () => {
  /** A request whose body of that length lacks its last byte; resolves with the status line when there is an answer. */
  function halfSent(length: number, key: string, header = `content-length: ${length}`) {
    const { hostname, port } = new URL(lab.apis[0]?.url ?? '');
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      `host: ${hostname}`,
      `authorization: Bearer ${key}`,
      'content-type: application/json',
      header,
    ];
    const body = header.startsWith('transfer')
      ? `${length.toString(16)}\r\n${' '.repeat(length - 1)}`
      : ' '.repeat(length - 1);
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    const answer = once(socket, 'data').then(([data]: unknown[]) => String(data));
    return { answer, end: () => void socket.destroy() };
  }

  test.each([
    ['of declared length', undefined],
    ['in chunks', 'transfer-encoding: chunked'],
  ])('one key holds no more than its share of bodies that are not whole: %s', async (_what, header) => {
    lab = await startApiLab(1, { MAX_RECEIVING_BYTES_PER_KEY: '300000' });
    const held = Array.from({ length: 4 }, () => halfSent(100_000, ALICE, header));
    const refused = await Promise.race(held.map(({ answer }) => answer));
    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/\r\nretry-after: 1\r\n/);
    expect(refused).toMatch(/"code":"rate_limit_exceeded"/);
    const bob = await lab.chat({ stream: true }, { headers: { authorization: `Bearer ${BOB}` } });
    expect(bob.response.statusCode).toBe(200);
    bob.leave();
    for (const { end } of held) end();
    const large = { stream: true, messages: [{ role: 'user', content: 'x'.repeat(250_000) }] };
    await until(async () => {
      const answer = await lab.chat(large);
      answer.leave();
      return answer.response.statusCode === 200;
    });
  });

  test('what is refused is answered although its body never comes, on a connection that goes on', async () => {
    lab = await startApiLab(1, { MAX_RECEIVING_BYTES: '300000' });
    const held = halfSent(290_000, ALICE);
    await until(async () => (await lab.chat({ user: 'x'.repeat(20_000) })).response.statusCode === 429);
    const refused = halfSent(290_000, BOB);
    expect(await refused.answer).toMatch(/^HTTP\/1\.1 429 [^]*\r\nconnection: keep-alive\r\n/i);
    held.end();
    refused.end();
  });
});

describe('draining', () => {
  test('what is under way is finished', async () => {
    lab = await startApiLab(1);
    const answer = await lab.chat({ stream: true });
    const drained = lab.apis[0]?.drain.begin(10);
    const refused = await lab.chat();
    expect([refused.response.statusCode, await codeOf(refused)]).toEqual([503, 'draining']);
    await (await lab.work(runIdOf(answer))).answer('finished');
    expect(dataLines(await answer.whole).at(-1)).toBe('[DONE]');
    await drained;
  });

  test('what takes longer is broken off between events, and its run goes on', async () => {
    lab = await startApiLab(2);
    const stream = await lab.chat({ stream: true });
    const runId = runIdOf(stream);
    const worker = await lab.work(runId);
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
    const events = await lab.ask(`/v1/runs/${runId}/events`);
    const call = lab.chat({}, { headers: { 'x-on-disconnect': 'cancel' } });
    await until(async () => (await lab.runs()).size === 2);
    await until(() => dataLines(events.text()).length >= 3);
    await lab.apis[0]?.drain.begin(0.2);
    const broken = await stream.whole.then(
      () => 'whole',
      () => 'broken',
    );
    expect(broken).toBe('broken');
    const seen = await events.whole;
    expect(seen.endsWith('retry: 200\n\n')).toBe(true);
    expect((await call).response.statusCode).toBe(503);
    await worker.say({ type: 'text.delta', step: 1, text: 'later' }, stepCompleted, {
      type: 'run.completed',
      finishReason: 'stop',
    });
    const last = [...seen.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
    const rest = await lab.ask(`/v1/runs/${runId}/events`, { replica: 1, headers: { 'last-event-id': last } });
    expect(dataLines(await rest.whole).map((data) => (JSON.parse(data) as { event: string }).event)).toEqual([
      'message.delta',
      'step.completed',
      'run.completed',
    ]);
  });
});

describe('Redis', () => {
  test('a stream stays connected while Redis restarts, and loses nothing', async () => {
    lab = await startApiLab(1);
    const answer = await lab.chat({ stream: true });
    const worker = await lab.work(runIdOf(answer));
    await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted, {
      type: 'text.delta',
      step: 1,
      text: 'before ',
    });
    await until(() => answer.text().includes('before'));
    await lab.redis.restart(1_500);
    await worker.say({ type: 'text.delta', step: 1, text: 'after' }, stepCompleted, {
      type: 'run.completed',
      finishReason: 'stop',
    });
    const text = await answer.whole;
    expect(text).toContain('"content":"after"');
    expect(dataLines(text).at(-1)).toBe('[DONE]');
  });

  test('while it is away everything that needs it is 503', async () => {
    lab = await startApiLab(1);
    const run = await lab.chat({ stream: true });
    const runId = runIdOf(run);
    run.leave();
    await until(async () => (await lab.log.head(runId))?.ended);
    process.kill(lab.redis.pid, 'SIGSTOP');
    try {
      const asked = [
        lab.chat({ stream: true }),
        lab.chat({}, { headers: { 'idempotency-key': 'away' } }),
        lab.ask(`/v1/runs/${runId}`),
        lab.ask(`/v1/runs/${runId}/events`),
        lab.ask(`/v1/runs/${runId}/stop`, { method: 'POST' }),
      ];
      for (const answer of await soon(Promise.all(asked))) {
        expect([answer.response.statusCode, await codeOf(answer)]).toEqual([503, 'queue_unavailable']);
        expect(Number(answer.response.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      }
      expect((await lab.ask('/health/live')).response.statusCode).toBe(200);
      expect((await lab.ask('/health/ready')).response.statusCode).toBe(503);
    } finally {
      process.kill(lab.redis.pid, 'SIGCONT');
    }
  });
});
