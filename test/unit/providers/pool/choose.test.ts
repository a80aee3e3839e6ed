import { rankHomes } from '../../../../libs/providers/src/pool/affinity.js';
import { choose, type Candidate, type Question } from '../../../../libs/providers/src/pool/choose.js';
import { HEALTHY } from '../../../../libs/providers/src/pool/cooldown.js';
import fc from '../../../support/property.js';

const NOW = 1_000_000;

function member(upstream: string, more: Partial<Candidate> = {}): Candidate {
  const idle = { inFlight: 0, inFlightTokens: 0, health: HEALTHY, probeUntil: 0, isDrained: false };
  return { upstream, priority: 0, weight: 1, ...idle, ...more };
}

const ask = (members: readonly Candidate[], more: Partial<Question> = {}) =>
  choose({ members, key: 'k', tried: new Set(), tokens: 100, now: NOW, ...more });

const out = (forMs: number, cause: 'rate_limited' | 'credentials' = 'rate_limited') => ({
  health: { failures: [], until: NOW + forMs, level: 1, cause },
});

describe('the home of a key', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const homes = (of: readonly string[], keys: readonly string[]) =>
    keys.map(
      (key) =>
        rankHomes(
          of.map((upstream) => ({ upstream, weight: 1 })),
          key,
        )[0]?.upstream,
    );
  const keys = Array.from({ length: 2_000 }, (_, i) => `key ${i}`);

  test('moves only if its own upstream leaves, and comes back with it', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...names), (key, left) => {
        const [before] = homes(names, [key]);
        const [after] = homes(
          names.filter((name) => name !== left),
          [key],
        );
        if (before === left) expect(after).not.toBe(left);
        else expect(after).toBe(before);
      }),
    );
  });

  test('is spread by weight', () => {
    const weighted = [
      { upstream: 'a', weight: 1 },
      { upstream: 'b', weight: 3 },
    ];
    const atB = keys.filter((key) => rankHomes(weighted, key)[0]?.upstream === 'b').length;
    expect(atB / keys.length).toBeGreaterThan(0.7);
    expect(atB / keys.length).toBeLessThan(0.8);
  });
});

describe('a session with a home', () => {
  const bound = { binding: 'a' };

  test('stays, also when a better priority is there', () => {
    const members = [member('a', { priority: 5 }), member('b', { priority: 0 })];
    expect(ask(members, bound)).toEqual({ kind: 'member', upstream: 'a', reason: 'home', binds: false });
  });

  test.each([
    ['full', { inFlight: 2, inFlightMax: 2 }],
    ['limited for a short time', out(5_000)],
    ['being tried by another request', { health: out(-1).health, probeUntil: NOW + 10 }],
  ])('goes elsewhere once while the home is %s, and keeps it', (_, state) => {
    const members = [member('a', state), member('b', { inFlightTokens: 50 }), member('c')];
    expect(ask(members, bound)).toEqual({ kind: 'member', upstream: 'c', reason: 'spill', binds: false });
  });

  test('goes elsewhere once when the home has failed this request', () => {
    const chosen = ask([member('a'), member('b')], { ...bound, tried: new Set(['a']) });
    expect(chosen).toMatchObject({ upstream: 'b', reason: 'spill', binds: false });
  });

  test.each([
    ['drained', { isDrained: true }],
    ['out for long', out(121_000)],
    ['not let in', out(1_000, 'credentials')],
  ])('moves when the home is %s', (_, state) => {
    expect(ask([member('a', state), member('b')], bound)).toMatchObject({
      upstream: 'b',
      reason: 'rebind',
      binds: true,
    });
  });

  test('tries the home when its time is over', () => {
    expect(ask([member('a', out(-1)), member('b')], bound)).toMatchObject({ upstream: 'a', reason: 'home' });
  });

  test.each([
    [5_000, 1_000, 'rebind'],
    [2_500, 1_000, 'home'],
    [9_000, 5_000, 'home'],
    [9_000, undefined, 'home'],
  ])('with a first token after %s ms, elsewhere %s: %s', (own, other, reason) => {
    const members = [member('a', { firstTokenMs: own }), member('b', other ? { firstTokenMs: other } : {})];
    expect(ask(members, bound)).toMatchObject({ reason });
  });
});

describe('a new session', () => {
  test('goes to the lowest priority that has somebody', () => {
    const members = [
      member('a', { priority: 1 }),
      member('b', { ...out(10), priority: 0 }),
      member('c', { priority: 2 }),
    ];
    expect(ask(members)).toMatchObject({ upstream: 'a', reason: 'new', binds: true });
  });

  test('does not go where more than a fair share of tokens is under way', () => {
    const [first, second] = rankHomes([member('a'), member('b')], 'k').map(({ upstream }) => upstream) as [
      string,
      string,
    ];
    const idle = [member(first, { inFlightTokens: 1_000 }), member(second, { inFlightTokens: 900 })];
    expect(ask(idle)).toMatchObject({ upstream: first });
    const busy = [member(first, { inFlightTokens: 10_000 }), member(second, { inFlightTokens: 900 })];
    expect(ask(busy)).toMatchObject({ upstream: second });
  });
});

describe('when nobody may be asked', () => {
  test('it is known when somebody may', () => {
    const none = ask([member('a', out(9_000)), member('b', out(4_000)), member('c', { isDrained: true })]);
    expect(none).toEqual({ kind: 'none', isFull: false, untilMs: NOW + 4_000 });
  });

  test('full ones may be free at any time, and drained ones never', () => {
    expect(ask([member('a', { inFlight: 1, inFlightMax: 1 })])).toEqual({ kind: 'none', isFull: true });
    expect(ask([member('a', { isDrained: true })])).toEqual({ kind: 'none', isFull: false });
  });
});

test('whatever the state, nobody is chosen who is full, out, drained or was tried', () => {
  const states = fc.record({
    priority: fc.nat(2),
    weight: fc.integer({ min: 1, max: 5 }),
    inFlight: fc.nat(3),
    inFlightMax: fc.integer({ min: 1, max: 3 }),
    inFlightTokens: fc.nat(10_000),
    until: fc.constantFrom(0, NOW - 1, NOW + 1, NOW + 500_000),
    probeUntil: fc.constantFrom(0, NOW + 1),
    isDrained: fc.boolean(),
    firstTokenMs: fc.integer({ min: 1, max: 20_000 }),
  });
  const names = ['a', 'b', 'c', 'd'];
  const questions = fc.tuple(
    fc.array(states, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(...names),
    fc.subarray(names),
    fc.string(),
  );
  fc.assert(
    fc.property(questions, ([list, binding, tried, key]) => {
      const members = list.map(({ until, ...state }, i) =>
        member(names[i] as string, { ...state, health: { failures: [], until, level: 1 } }),
      );
      const choice = ask(members, { binding, tried: new Set(tried), key });
      const mayAsk = ({ upstream, health: { until }, probeUntil, isDrained, inFlight, inFlightMax = 9 }: Candidate) =>
        !tried.includes(upstream) &&
        !isDrained &&
        inFlight < inFlightMax &&
        until <= NOW &&
        (!until || probeUntil <= NOW);
      if (choice.kind === 'none') expect(members.some(mayAsk)).toBe(false);
      else expect(members.filter(mayAsk).map(({ upstream }) => upstream)).toContain(choice.upstream);
    }),
    { numRuns: 1_000 },
  );
});
