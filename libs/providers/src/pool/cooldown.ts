import type { CoolingCause, GatewayError, MemberHealth } from '#libs/contract';
import { hintsOf } from '../upstream/failures.js';

interface Rule {
  /** The first time that a member is left alone, in ms; each further time without a good answer doubles it. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** So many failures within the window take a member out. */
  readonly threshold: number;
}

const RULES: Readonly<Record<CoolingCause, Rule>> = {
  rate_limited: { firstMs: 5_000, mostMs: 60_000, threshold: 1 },
  quota: { firstMs: 60_000, mostMs: 600_000, threshold: 1 },
  credentials: { firstMs: 60_000, mostMs: 600_000, threshold: 1 },
  no_model: { firstMs: 60_000, mostMs: 600_000, threshold: 1 },
  failing: { firstMs: 5_000, mostMs: 60_000, threshold: 3 },
  unreachable: { firstMs: 5_000, mostMs: 60_000, threshold: 3 },
  timeout: { firstMs: 10_000, mostMs: 120_000, threshold: 3 },
};

/** Failures further apart than this are not counted together. */
const WINDOW_MS = 60_000;
/** The longest wait that is believed of an upstream. */
const STATED_MS_MAX = 3_600_000;
const LEVEL_MAX = 10;

export const HEALTHY: MemberHealth = { failures: [], until: 0, level: 0 };

/** A failure, as far as it is the upstream's. */
export interface UpstreamFault {
  readonly cause: CoolingCause;
  /** What the upstream asked to wait, in ms. */
  readonly statedMs?: number;
}

/**
 * What a failed request says of its upstream; undefined when it says nothing: the request itself was at fault (400, a
 * conversation that is too long), or the failure is ours.
 */
export function faultOf(error: GatewayError): UpstreamFault | undefined {
  const { waitMs, retry, elsewhere } = hintsOf(error);
  const stated = waitMs !== undefined && waitMs > 0 && { statedMs: Math.min(waitMs, STATED_MS_MAX) };
  switch (error.code) {
    case 'upstream_rate_limited':
      return { cause: retry ? 'rate_limited' : 'quota', ...stated };
    case 'upstream_auth_failed':
      return { cause: 'credentials' };
    case 'upstream_unreachable':
      return { cause: 'unreachable' };
    case 'upstream_timeout':
      return { cause: 'timeout', ...stated };
    case 'upstream_error':
    case 'upstream_cut':
    case 'upstream_invalid':
      return { cause: 'failing', ...stated };
    case 'invalid_request':
      // Vectors were asked for of a model that has none: it may be there for everything else.
      return undefined;
    default:
      return elsewhere ? { cause: 'no_model' } : undefined;
  }
}

/** Nothing is held against the member; its time is not over; or the next request tries it. */
export type Standing = 'well' | 'cooling' | 'half_open';

export function standingOf({ until }: MemberHealth, now: number): Standing {
  if (until === 0) return 'well';
  return until > now ? 'cooling' : 'half_open';
}

/**
 * The health after one more failure. A wait that the upstream states goes before ours and before the threshold. A
 * failure of a request that was under way when the member was taken out makes nothing worse, and a deadline is never
 * brought forward.
 */
export function afterFailure(health: MemberHealth, fault: UpstreamFault, now: number): MemberHealth {
  const { cause, statedMs } = fault;
  const standing = standingOf(health, now);
  if (standing === 'cooling') {
    const until = statedMs === undefined ? health.until : Math.max(health.until, now + statedMs);
    return until === health.until ? health : { ...health, until, cause };
  }
  const rule = RULES[cause];
  const failures = [...health.failures.filter((at) => at > now - WINDOW_MS), now].slice(-rule.threshold);
  const isOut = statedMs !== undefined || standing === 'half_open' || failures.length >= rule.threshold;
  if (!isOut) return { ...health, failures };
  const level = Math.min(health.level + 1, LEVEL_MAX);
  const ms = statedMs ?? Math.min(rule.firstMs * 2 ** (level - 1), rule.mostMs);
  return { failures: [], until: Math.max(health.until, now + ms), level, cause };
}

/** The health after a good answer; the same value when there is nothing to forget. */
export function afterSuccess(health: MemberHealth, now: number): MemberHealth {
  if (health.until > now) return health;
  return health.until === 0 && health.level === 0 ? health : HEALTHY;
}
