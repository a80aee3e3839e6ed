import { GatewayError, type MemberHealth } from '#libs/contract';
import {
  afterFailure,
  afterSuccess,
  faultOf,
  HEALTHY,
  standingOf,
} from '../../../../libs/providers/src/pool/cooldown.js';
import { UpstreamFailure } from '../../../../libs/providers/src/upstream/failures.js';
import fc from '../../../support/property.js';

const rateLimited = { cause: 'rate_limited' } as const;
const failing = { cause: 'failing' } as const;

/** Fails, waits until it may be asked again, fails again: the times that it is left alone. */
function pauses(times: number): number[] {
  let health: MemberHealth = HEALTHY;
  let now = 1_000;
  return Array.from({ length: times }, () => {
    health = afterFailure(health, rateLimited, now);
    const ms = health.until - now;
    now = health.until;
    return ms;
  });
}

describe('what a failure says of its upstream', () => {
  test.each([
    ['upstream_rate_limited', 'rate_limited'],
    ['upstream_auth_failed', 'credentials'],
    ['upstream_unreachable', 'unreachable'],
    ['upstream_timeout', 'timeout'],
    ['upstream_error', 'failing'],
    ['upstream_cut', 'failing'],
    ['upstream_invalid', 'failing'],
    ['upstream_refused', undefined],
    ['context_length_exceeded', undefined],
    ['internal_error', undefined],
  ] as const)('%s: %s', (code, cause) => {
    expect(faultOf(new GatewayError(code, 'x'))?.cause).toBe(cause);
  });

  test('a quota does not pass in seconds, and a model that is not there is the upstream at fault', () => {
    expect(faultOf(new UpstreamFailure({ retry: false }, 'upstream_rate_limited', 'x'))?.cause).toBe('quota');
    const elsewhere = new UpstreamFailure({ retry: false, elsewhere: true }, 'upstream_refused', 'x');
    expect(faultOf(elsewhere)?.cause).toBe('no_model');
  });

  test('a stated wait is taken as it is, up to an hour', () => {
    const stated = (waitMs: number) =>
      faultOf(new UpstreamFailure({ retry: true, waitMs }, 'upstream_rate_limited', 'x'))?.statedMs;
    expect([stated(700), stated(86_400_000), stated(0)]).toEqual([700, 3_600_000, undefined]);
  });
});

describe('a member that fails', () => {
  test('is left alone for twice as long each time, up to a bound', () => {
    expect(pauses(7)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test('of 5xx stays in until the third failure of a minute', () => {
    const once = afterFailure(HEALTHY, failing, 0);
    const twice = afterFailure(once, failing, 10_000);
    expect([once.until, twice.until]).toEqual([0, 0]);
    expect(afterFailure(twice, failing, 59_999)).toMatchObject({ until: 64_999, level: 1, cause: 'failing' });
    expect(afterFailure(twice, failing, 70_001).until).toBe(0);
  });

  test('with a stated wait is out at once, for exactly as long', () => {
    expect(afterFailure(HEALTHY, { ...failing, statedMs: 1_500 }, 100)).toMatchObject({ until: 1_600 });
  });

  test('is tried once its time is over: well after a good answer, out for longer after a bad one', () => {
    const out = afterFailure(HEALTHY, rateLimited, 0);
    expect([0, 4_999, 5_000].map((now) => standingOf(out, now))).toEqual(['cooling', 'cooling', 'half_open']);
    expect(afterSuccess(out, 5_000)).toEqual(HEALTHY);
    expect(afterFailure(out, failing, 5_000)).toMatchObject({ until: 15_000, level: 2 });
  });

  test('is not brought back by an answer that began before it was taken out', () => {
    const out = afterFailure(HEALTHY, rateLimited, 0);
    expect(afterSuccess(out, 4_000)).toBe(out);
  });

  test('a request under way makes nothing worse, and a longer stated wait makes it longer', () => {
    const out = afterFailure(HEALTHY, rateLimited, 0);
    expect(afterFailure(out, rateLimited, 100)).toBe(out);
    expect(afterFailure(out, { ...rateLimited, statedMs: 1_000 }, 100)).toBe(out);
    expect(afterFailure(out, { ...rateLimited, statedMs: 9_000 }, 100)).toMatchObject({ until: 9_100, level: 1 });
  });
});

test('no failure ever brings a deadline forward, and no member is out for more than an hour', () => {
  const causes = fc.constantFrom(
    'rate_limited',
    'quota',
    'credentials',
    'no_model',
    'failing',
    'unreachable',
    'timeout',
  );
  const faults = fc.record(
    { cause: causes, statedMs: fc.integer({ min: 1, max: 3_600_000 }), after: fc.nat(100_000), isGood: fc.boolean() },
    { requiredKeys: ['cause', 'after', 'isGood'] },
  );
  fc.assert(
    fc.property(fc.array(faults, { maxLength: 40 }), (happened) => {
      let health: MemberHealth = HEALTHY;
      let now = 0;
      for (const { after, isGood, ...fault } of happened) {
        now += after;
        const { until } = health;
        health = isGood ? afterSuccess(health, now) : afterFailure(health, fault, now);
        if (until > now) expect(health.until).toBeGreaterThanOrEqual(until);
        expect(health.until - now).toBeLessThanOrEqual(3_600_000);
        expect(health.failures.length).toBeLessThanOrEqual(3);
      }
    }),
  );
});
