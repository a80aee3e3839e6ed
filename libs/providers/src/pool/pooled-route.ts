import {
  GatewayError,
  type FailedAttempt,
  type ModelAttempt,
  type ModelCandidate,
  type ModelRoute,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { askWhole, canFallBack, firstAttempt, leaveOutRefused } from '../route/strategies.js';
import type { RefusedMemory } from '../route/refused-memory.js';
import { smallestWindow } from '../route/window.js';
import type { UpstreamPool } from './upstream-pool.js';

/** What has happened to a request in its pool. It stands beside the attempt: a route keeps nothing between calls. */
interface PoolVisit {
  /** Upstreams that failed in this round. */
  readonly tried: ReadonlySet<string>;
  readonly upstream: string;
  readonly rounds: number;
  /** Spent with waiting for the earliest member. */
  readonly waitedMs: number;
  giveBack(): void;
}

/** Bounds of waiting until some member may be asked again; the run's own deadline aborts it earlier. */
const WAIT_MS_MAX = 30_000;
const WAITS_MS_MAX = 60_000;
/** Places become free without notice. */
const FULL_LOOK_MS = 500;
const PAUSE_MS_MIN = 250;
const ROUNDS_MAX = 6;
/** A caller who is told to come back is told at least this. */
const RETRY_SECONDS_MIN = 1;

/**
 * A model name behind which a pool stands. Each member is asked once in a round; when all have failed, the next round
 * begins when the first of them may be asked again. What remains is the last failure.
 * @param refused what upstreams refused by name; shared by all routes of a process.
 */
export function pooledRoute(pool: UpstreamPool, refused: RefusedMemory): ModelRoute {
  const visits = new WeakMap<ModelCandidate, PoolVisit>();

  /** The same member in another manner, where the failure asks for it. */
  function sameMember({ attempt, error }: FailedAttempt): ModelAttempt | undefined {
    if (!(error instanceof GatewayError)) throw error;
    const failed = { attempt, error, candidates: [], refused };
    return (leaveOutRefused(failed) ?? askWhole(failed))?.attempt;
  }

  async function ask(before: PoolVisit | undefined, question: Asked, last: unknown): Promise<ModelAttempt> {
    const { key, tokens, signal } = question;
    let tried = new Set(before && [...before.tried, before.upstream]);
    let { rounds, waitedMs } = before ?? { rounds: 1, waitedMs: 0 };
    for (;;) {
      signal.throwIfAborted();
      const entered = await pool.enter({ key, tokens, tried });
      if (entered.kind === 'entered') {
        const { candidate, upstream, giveBack } = entered;
        visits.set(candidate, { tried, upstream, rounds, waitedMs, giveBack });
        return firstAttempt(candidate, refused.of(candidate));
      }
      const { isFull, waitMs = 0 } = entered;
      const pauseMs = isFull ? Math.min(waitMs || FULL_LOOK_MS, FULL_LOOK_MS) : Math.max(waitMs, PAUSE_MS_MIN);
      const isOver = isFull ? false : entered.waitMs === undefined || rounds >= ROUNDS_MAX;
      if (isOver || pauseMs > WAIT_MS_MAX || waitedMs + pauseMs > WAITS_MS_MAX) {
        throw last ?? nobody(pool.name, entered.waitMs);
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      waitedMs += pauseMs;
      if (!isFull) rounds++;
      tried = new Set();
    }
  }

  return {
    name: pool.name,
    ...smallestWindow(pool.candidates),
    async next(failed, key, signal, tokens = 0) {
      signal.throwIfAborted();
      const question = { key, tokens, signal };
      if (!failed) return ask(undefined, question, undefined);
      const visit = visits.get(failed.attempt.candidate);
      if (!visit) throw failed.error;
      // It may have failed before the upstream was asked: a conversation too long for the model.
      visit.giveBack();
      const again = sameMember(failed);
      if (again) return again;
      if (!(failed.error instanceof GatewayError) || !canFallBack(failed.error)) throw failed.error;
      return ask(visit, question, failed.error);
    },
  };
}

interface Asked {
  readonly key: string;
  readonly tokens: number;
  readonly signal: AbortSignal;
}

function nobody(name: string, waitMs = 0): GatewayError {
  return new GatewayError(
    'upstream_rate_limited',
    `No upstream of '${name}' has room for this request at the moment.`,
    {
      retryAfterSeconds: Math.max(RETRY_SECONDS_MIN, Math.ceil(waitMs / 1_000)),
    },
  );
}
