import { memoryPool } from '#libs/bus';
import type { ModelCandidate } from '#libs/contract';
import { UpstreamPool } from '#libs/providers';
import { UpstreamFailure } from '../../../../libs/providers/src/upstream/failures.js';

/**
 * Half an hour of a pool by a clock of its own: two workers, five upstreams, sessions that ask every twenty seconds,
 * and prompt caches that forget a session after five minutes. One upstream fails from the tenth minute to the
 * twentieth. A seed decides who asks when and how much; everything else follows, so a seed has figures of its own.
 */
const MINUTE = 60_000;
const NAMES = ['a', 'b', 'c', 'd', 'e'];
const SESSIONS = 100;
const ASK_EVERY_MS = 20_000;
const CACHE_MS = 5 * MINUTE;
const FAILS = { name: 'c', from: 10 * MINUTE, to: 20 * MINUTE };
const STEP_MS = ASK_EVERY_MS / SESSIONS;
const ASKS = (30 * MINUTE) / STEP_MS;
const SIGNAL = new AbortController().signal;

/** Numbers from 0 to 1, the same for one seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Ask {
  readonly at: number;
  readonly session: number;
  readonly upstream: string;
  readonly isHit: boolean;
  readonly attempts: number;
}

async function halfAnHour(seed = 1): Promise<readonly Ask[]> {
  const random = randomFrom(seed);
  let clock = 0;
  const shared = memoryPool(() => clock);
  const failing = { hasFailed: false };
  const candidates = NAMES.map((upstream): ModelCandidate => ({
    model: 'big',
    provider: {
      upstream,
      listModels: async () => [],
      async *stream() {
        if (upstream === FAILS.name && clock >= FAILS.from && clock < FAILS.to) {
          failing.hasFailed = true;
          throw new UpstreamFailure({ retry: true }, 'upstream_error', 'It failed.');
        }
        yield { type: 'text', text: upstream };
        const usage = { inputTokens: 100, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
        yield { type: 'end', finishReason: 'stop', usage };
      },
    },
  }));
  const news = {
    chosen: () => undefined,
    answered: () => undefined,
    cooled: () => undefined,
    shareFailed: () => undefined,
  };
  const pools = ['w1', 'w2'].map((worker) => {
    const members = candidates.map((candidate) => ({ candidate, priority: 0, weight: 1 }));
    const own = memoryPool(() => clock).of(worker);
    return new UpstreamPool('pooled', members, { share: shared.of(worker), own, news, now: () => clock });
  });
  const caches = new Map<string, number>();
  const asks: Ask[] = [];
  for (let i = 0; i < ASKS; i++) {
    clock = Math.round((i + random()) * STEP_MS);
    const session = i % SESSIONS;
    const tokens = Math.round(100 + random() * 4_000);
    const tried = new Set<string>();
    for (;;) {
      const pool = pools[(asks.length + tried.size) % pools.length] as UpstreamPool;
      const entered = await pool.enter({ key: `session-${session}`, tokens, tried });
      if (entered.kind === 'none') throw new Error('nobody is left');
      const { provider, model } = entered.candidate;
      tried.add(entered.upstream);
      try {
        const question = { system: '', messages: [], tools: [], toolChoice: { kind: 'auto' }, sampling: {} } as const;
        for await (const _ of provider.stream({ ...question, model, affinity: '', signal: SIGNAL }));
      } catch {
        continue;
      }
      const place = `${session} ${entered.upstream}`;
      const isHit = clock - (caches.get(place) ?? Number.NEGATIVE_INFINITY) < CACHE_MS;
      caches.set(place, clock);
      asks.push({ at: clock, session, upstream: entered.upstream, isHit, attempts: tried.size });
      break;
    }
    // Health is written behind the answer.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const left = await shared.look(
    NAMES.map((upstream) => ({ upstream, model: 'big' })),
    '',
  );
  expect(left.members.map(({ inFlight }) => inFlight)).toEqual(NAMES.map(() => 0));
  expect(failing.hasFailed).toBe(true);
  return asks;
}

const between = (asks: readonly Ask[], from: number, to: number) => asks.filter(({ at }) => at >= from && at < to);
const hitShare = (asks: readonly Ask[]): number => asks.filter(({ isHit }) => isHit).length / asks.length;

test('a failure moves the sessions of that upstream alone, costs each of them its cache once or twice, and no request', async () => {
  const asks = await halfAnHour();
  // No request is lost.
  expect(asks).toHaveLength(ASKS);
  const homes = (from: number, to: number): Map<number, string> =>
    new Map(between(asks, from, to).map(({ session, upstream }) => [session, upstream]));
  const before = homes(9 * MINUTE, FAILS.from);
  const after = homes(29 * MINUTE, 30 * MINUTE);
  const moved = [...before].filter(([session, home]) => after.get(session) !== home);
  const ofLeaver = [...before].filter(([, home]) => home === FAILS.name);
  const figures = {
    moved: moved.length / SESSIONS,
    shareOfLeaver: ofLeaver.length / SESSIONS,
    hitsBefore: hitShare(between(asks, MINUTE, FAILS.from)),
    hitsDuring: hitShare(between(asks, FAILS.from, FAILS.to)),
    hitsAfter: hitShare(between(asks, FAILS.to, 30 * MINUTE)),
  };
  expect(moved.every(([, home]) => home === FAILS.name)).toBe(true);
  expect(figures.shareOfLeaver).toBeGreaterThan(0.1);
  expect(figures.moved).toBeLessThanOrEqual(figures.shareOfLeaver);
  expect(figures.hitsBefore).toBe(1);
  expect(figures.hitsDuring).toBeGreaterThan(0.9);
  expect(figures.hitsAfter).toBeGreaterThan(0.98);
  expect(asks.filter(({ attempts }) => attempts > 1).length / asks.length).toBeLessThan(0.02);
  if (process.env['SHOW_FIGURES']) process.stdout.write(`${JSON.stringify(figures)}\n`);
});

test('two runs with one seed choose the same', async () => {
  const [one, two, other] = [await halfAnHour(7), await halfAnHour(7), await halfAnHour(8)];
  const choices = (asks: readonly Ask[]): string[] => asks.map(({ upstream }) => upstream);
  expect(choices(one)).toEqual(choices(two));
  expect(other.map(({ at }) => at)).not.toEqual(one.map(({ at }) => at));
});
