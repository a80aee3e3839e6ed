import { GatewayError, type ErrorCode, type ModelAttempt, type ModelCandidate } from '#libs/contract';
import { hintsOf } from '../upstream/failures.js';
import { waitBeforeRetry } from '../upstream/wait-before-retry.js';

/** An attempt that failed, as the strategies see it. */
export interface Failed {
  readonly attempt: ModelAttempt;
  readonly error: GatewayError;
  readonly candidates: readonly ModelCandidate[];
}

export interface Step {
  readonly attempt: ModelAttempt;
  /** Before the attempt is made. */
  readonly waitMs: number;
}

/** One way to go on after a failure; undefined when it is no way for this failure. Pure. */
export type Strategy = (failed: Failed) => Step | undefined;

/** How a candidate is asked at first. */
export const firstAttempt = (candidate: ModelCandidate, without: readonly string[] = []): ModelAttempt => ({
  candidate,
  streaming: true,
  without,
  retries: 0,
});

/** The same request once more, after the wait that the upstream asks for, or a growing one of our own. */
export const sendAgain: Strategy = ({ attempt, error }) => {
  const { retries, candidate } = attempt;
  const wait = waitBeforeRetry(error, retries, candidate.retriesMax ?? 0);
  return wait === undefined ? undefined : { attempt: { ...attempt, retries: retries + 1 }, waitMs: wait };
};

/** Some servers do not stream, or break streams off before the first word: the whole answer may still be had. */
export const askWhole: Strategy = ({ attempt, error }) => {
  const isStream = error.code === 'upstream_cut' || error.code === 'upstream_invalid' || hintsOf(error).refusesStream;
  if (!attempt.streaming || !isStream) return undefined;
  return { attempt: { ...attempt, streaming: false, retries: 0 }, waitMs: 0 };
};

/**
 * Failures that another upstream may not have. Not among them: a refused request and a conversation that is too long
 * are the request's own fault, and a second upstream would hide that.
 */
const FALLS_BACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_error',
  'upstream_cut',
  'upstream_invalid',
  'upstream_auth_failed',
  'upstream_rate_limited',
  'upstream_unreachable',
  'upstream_timeout',
]);

/** The next candidate stands in. */
export const fallBack: Strategy = ({ attempt, error, candidates }) => {
  const next = candidates[candidates.indexOf(attempt.candidate) + 1];
  if (!next || !FALLS_BACK.has(error.code)) return undefined;
  return { attempt: firstAttempt(next), waitMs: 0 };
};
