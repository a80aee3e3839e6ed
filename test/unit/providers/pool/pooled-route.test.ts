import { jest } from '@jest/globals';
import { memoryPool } from '#libs/bus';
import { GatewayError, type ModelCandidate, type ModelEvent, type ModelProvider, type PoolShare } from '#libs/contract';
import { createHash } from 'node:crypto';
import { openModelStream } from '../../../../libs/agent/src/open-model-stream.js';
import { modelRoute, pooledRoute, RefusedMemory, routeChain, UpstreamPool } from '#libs/providers';
import type { PoolMember } from '../../../../libs/providers/src/pool/upstream-pool.js';
import { until } from '../../../support/until.js';
import { UpstreamFailure } from '../../../../libs/providers/src/upstream/failures.js';

type Behaviour = (asked: number) => readonly ModelEvent[] | Error;

const END: ModelEvent = {
  type: 'end',
  finishReason: 'stop',
  usage: { inputTokens: 100, outputTokens: 5, cachedInputTokens: 60, reasoningTokens: 0 },
};
const says = (text: string): readonly ModelEvent[] => [{ type: 'text', text }, END];
const fails = (code: 'upstream_error' | 'upstream_refused' | 'upstream_rate_limited', waitMs?: number): Error =>
  new UpstreamFailure({ retry: true, ...(waitMs !== undefined && { waitMs }) }, code, 'It failed.');

function lab(behaviours: Record<string, Behaviour>, more: Record<string, Partial<PoolMember>> = {}) {
  const asked: string[] = [];
  const provider = (upstream: string, behave: Behaviour): ModelProvider => ({
    upstream,
    listModels: async () => [],
    async *stream() {
      asked.push(upstream);
      const answer = behave(asked.filter((name) => name === upstream).length);
      if (answer instanceof Error) throw answer;
      yield* answer;
    },
  });
  const members = Object.entries(behaviours).map(([name, behave]): PoolMember => {
    const candidate: ModelCandidate = { provider: provider(name, behave), model: 'big' };
    return { candidate, priority: 0, weight: 1, ...more[name] };
  });
  const memory = memoryPool();
  const calls: string[] = [];
  const share = memory.of('w1');
  const told = (name: 'take' | 'look' | 'enter' | 'leave' | 'change') => calls.push(name);
  const counted: PoolShare = {
    ...share,
    take: (...args) => (told('take'), share.take(...args)),
    look: (...args) => (told('look'), share.look(...args)),
    enter: (...args) => (told('enter'), share.enter(...args)),
    leave: (...args) => (told('leave'), share.leave(...args)),
    change: (...args) => (told('change'), share.change(...args)),
  };
  const shared = Object.assign(memory, { calls });
  const news: string[] = [];
  const pool = new UpstreamPool('pooled', members, {
    share: counted,
    own: memoryPool().of('w1'),
    now: () => performance.now(),
    news: {
      chosen: (upstream, reason) => news.push(`${reason} ${upstream}`),
      answered: () => undefined,
      cooled: (upstream, cause) => news.push(`${cause} ${upstream}`),
      shareFailed: () => news.push('share failed'),
    },
  });
  return { asked, members, shared, news, pool, provider };
}

/** Asks once. @returns what was said, and by whom. */
async function ask(route: Parameters<typeof openModelStream>[0], key = 'k', signal = new AbortController().signal) {
  const question = { system: '', messages: [], tools: [], toolChoice: { kind: 'auto' }, sampling: {} } as const;
  const { candidate, events } = await openModelStream(route, { ...question, affinity: key, signal });
  let text = '';
  for await (const event of events) if (event.type === 'text') text += event.text;
  return { upstream: candidate.provider.upstream, text };
}

const keysOf = (members: readonly PoolMember[]) =>
  members.map(({ candidate }) => ({ upstream: candidate.provider.upstream, model: candidate.model }));
const inFlight = async (shared: ReturnType<typeof memoryPool>, members: readonly PoolMember[]) =>
  (await shared.look(keysOf(members), '')).members.map((member) => member.inFlight);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a model name behind which a pool stands', () => {
  test('asks the home of a session again and again, and gives its places back', async () => {
    const { pool, asked, shared, members } = lab({ a: () => says('a'), b: () => says('b'), c: () => says('c') });
    const route = pooledRoute(pool, new RefusedMemory());
    for (let i = 0; i < 4; i++) await ask(route);
    expect(new Set(asked).size).toBe(1);
    expect(await inFlight(shared, members)).toEqual([0, 0, 0]);
    const [home] = asked;
    expect(pool.report().find(({ upstream }) => upstream === home)).toMatchObject({
      calls: 4,
      failures: 0,
      inputTokens: 400,
      cachedInputTokens: 240,
    });
  });

  test('a request whose place was prepared asks the share for nothing more; one that never comes leaves none', async () => {
    const { pool, asked, shared, members } = lab({ a: () => says('a'), b: () => says('b') });
    const route = pooledRoute(pool, new RefusedMemory());
    await pool.look();
    const release = pool.prepare(sha256('k'));
    const spare = pool.prepare(sha256('another'));
    await until(async () => (await inFlight(shared, members)).reduce((sum, n) => sum + n, 0) === 2);
    shared.calls.length = 0;
    const { upstream } = await ask(route);
    expect(shared.calls).toEqual(['leave']);
    release();
    spare();
    await until(async () => (await inFlight(shared, members)).every((n) => n === 0));
    await ask(route);
    expect(asked).toEqual([upstream, upstream]);
  });

  test('a place that has waited too long is free again, and its late request chooses anew', async () => {
    jest.useFakeTimers({ doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const { pool, shared, members } = lab({ a: () => says('a') });
      const route = pooledRoute(pool, new RefusedMemory());
      await pool.look();
      const release = pool.prepare(sha256('k'));
      await jest.advanceTimersByTimeAsync(6_000);
      expect(await inFlight(shared, members)).toEqual([0]);
      shared.calls.length = 0;
      await ask(route);
      expect(shared.calls).toEqual(['take', 'leave']);
      release();
      expect(await inFlight(shared, members)).toEqual([0]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('nobody had room when the place was prepared: the request asks again, and finds the room of now', async () => {
    const { pool, shared, members } = lab({ a: () => says('a') }, { a: { inFlightMax: 1 } });
    const other = await pool.enter({ key: 'other', tokens: 1, tried: new Set() });
    shared.calls.length = 0;
    pool.prepare(sha256('k'));
    await until(async () => shared.calls.includes('take'));
    await new Promise((resolve) => setImmediate(resolve));
    if (other.kind === 'entered') other.giveBack();
    expect(await inFlight(shared, members)).toEqual([0]);
    expect(await pool.enter({ key: 'k', tokens: 1, tried: new Set() })).toMatchObject({ kind: 'entered' });
  });

  test('a long request tells the weight of its place', async () => {
    const { pool, shared, members } = lab({ a: () => says('a') });
    const route = pooledRoute(pool, new RefusedMemory());
    await pool.look();
    pool.prepare(sha256('k'));
    const attempt = await route.next(undefined, 'k', new AbortController().signal, 5_000);
    const facts = async () => (await shared.look(keysOf(members), '')).members;
    expect(await facts()).toMatchObject([{ inFlight: 1, inFlightTokens: 5_000 }]);
    const question = { system: '', messages: [], tools: [], toolChoice: { kind: 'auto' }, sampling: {} } as const;
    const { signal } = new AbortController();
    for await (const _ of attempt.candidate.provider.stream({ ...question, model: 'big', affinity: 'k', signal }));
    expect(await facts()).toMatchObject([{ inFlight: 0, inFlightTokens: 0 }]);
  });

  test('a limited home keeps its session: this request goes elsewhere, the next comes back', async () => {
    const behave = (name: string): Behaviour => {
      return () => (isLimited === name ? fails('upstream_rate_limited', 30) : says(name));
    };
    let isLimited = '';
    const { pool, news } = lab({ a: behave('a'), b: behave('b') });
    const route = pooledRoute(pool, new RefusedMemory());
    const { upstream: home } = await ask(route);
    isLimited = home;
    expect((await ask(route)).upstream).not.toBe(home);
    isLimited = '';
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(route)).upstream).toBe(home);
    expect(news.filter((line) => line.startsWith('rebind'))).toEqual([]);
    expect(news).toContain(`rate_limited ${home}`);
  });

  test("a request's own fault cools nobody and goes nowhere else", async () => {
    const { pool, asked, news } = lab({ a: () => fails('upstream_refused'), b: () => fails('upstream_refused') });
    await expect(ask(pooledRoute(pool, new RefusedMemory()))).rejects.toMatchObject({ code: 'upstream_refused' });
    expect(asked).toHaveLength(1);
    expect(news).toHaveLength(1);
  });

  test('waits for the earliest member when all are limited, and asks again', async () => {
    const once: Behaviour = (asked) => (asked === 1 ? fails('upstream_rate_limited', 300) : says('at last'));
    const { pool, asked } = lab({ a: once, b: once });
    expect((await ask(pooledRoute(pool, new RefusedMemory()))).text).toBe('at last');
    expect(asked).toHaveLength(3);
  });

  test('what cannot be waited for goes to the model that stands in', async () => {
    const limited: Behaviour = () => fails('upstream_rate_limited', 600_000);
    const { pool, provider } = lab({ a: limited, b: limited });
    const standIn = modelRoute('careful', [{ provider: provider('last', () => says('here')), model: 'm' }]);
    expect(await ask(routeChain('both', [pooledRoute(pool, new RefusedMemory()), standIn]))).toEqual({
      upstream: 'last',
      text: 'here',
    });
    await expect(ask(pooledRoute(pool, new RefusedMemory()))).rejects.toMatchObject({ code: 'upstream_rate_limited' });
  });

  test('an upstream that says nothing but an error within its answer is one that failed', async () => {
    const { pool, news } = lab({ a: () => fails('upstream_error'), b: () => says('b') });
    const route = pooledRoute(pool, new RefusedMemory());
    for (let i = 0; i < 6; i++) expect((await ask(route, `key ${i}`)).text).toBe('b');
    expect(news.filter((line) => line === 'failing a').length).toBeLessThanOrEqual(1);
  });

  test('waits for a place where all are full, and leaves when the run does', async () => {
    let open: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    const { pool, provider } = lab({});
    const slow: ModelProvider = {
      ...provider('a', () => []),
      async *stream() {
        yield { type: 'text', text: 'slow' };
        await held;
        yield END;
      },
    };
    const bounded = [{ candidate: { provider: slow, model: 'big' }, priority: 0, weight: 1, inFlightMax: 1 }];
    const parts = (pool as unknown as { parts: ConstructorParameters<typeof UpstreamPool>[2] }).parts;
    const route = pooledRoute(new UpstreamPool('full', bounded, parts), new RefusedMemory());
    const first = ask(route);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const abort = new AbortController();
    const second = ask(route, 'other', abort.signal);
    const third = ask(route, 'third');
    abort.abort(new GatewayError('run_timeout', 'over'));
    await expect(second).rejects.toMatchObject({ code: 'run_timeout' });
    open();
    expect((await first).text).toBe('slow');
    expect((await third).text).toBe('slow');
  });

  test('decides by itself while the share cannot be asked', async () => {
    const { members, news } = lab({ a: () => says('a'), b: () => says('b') });
    const away = () => Promise.reject(new GatewayError('queue_unavailable', 'away'));
    const calls = { look: away, take: away, enter: away, weigh: away, leave: away, change: away };
    const share: PoolShare = { ...calls, beat: away, tellCheck: away };
    const pool = new UpstreamPool('pooled', members, {
      share,
      own: memoryPool().of('w1'),
      now: () => 0,
      news: {
        chosen: () => undefined,
        answered: () => undefined,
        cooled: () => undefined,
        shareFailed: () => news.push('share failed'),
      },
    });
    const route = pooledRoute(pool, new RefusedMemory());
    const answers = [await ask(route), await ask(route)];
    expect(new Set(answers.map(({ upstream }) => upstream)).size).toBe(1);
    expect(news).toEqual(['share failed', 'share failed']);
  });
});
