import type { ErrorCode, GatewayError, ModelAttempt, ModelCandidate, RefusedField } from '#libs/contract';
import { hintsOf } from '../upstream/failures.js';
import { isSame, type RefusedMemory } from './refused-memory.js';
import { waitBeforeRetry } from '../upstream/wait-before-retry.js';

/** A failed attempt, as the strategies see it. */
export interface Failed {
  readonly attempt: ModelAttempt;
  readonly error: GatewayError;
  readonly candidates: readonly ModelCandidate[];
  readonly refused: RefusedMemory;
}

export interface Step {
  readonly attempt: ModelAttempt;
  /** Wait before the attempt is made. */
  readonly waitMs: number;
}

/** One way to continue after a failure. undefined when it does not apply to this failure. */
export type Strategy = (failed: Failed) => Step | undefined;

/** The first attempt for a candidate. */
export const firstAttempt = (candidate: ModelCandidate, without: readonly RefusedField[]): ModelAttempt => ({
  candidate,
  streaming: true,
  without,
  retries: 0,
});

/** Sends the same request again, after the wait that the upstream asks for, or after a growing wait of our own. */
export const sendAgain: Strategy = ({ attempt, error }) => {
  const { retries, candidate } = attempt;
  const wait = waitBeforeRetry(error, retries, candidate.retriesMax ?? 0);
  return wait === undefined ? undefined : { attempt: { ...attempt, retries: retries + 1 }, waitMs: wait };
};

/**
 * Most refused fields of one request. Each costs a request, so a server that refuses one field after the other must
 * end.
 */
const REFUSED_MAX = 8;

/** A field that the upstream refuses by name is left out, now and in the next requests to this model. */
export const leaveOutRefused: Strategy = ({ attempt, error, refused }) => {
  const { without } = attempt;
  const fields = (hintsOf(error).refuses ?? []).filter((field) => !without.some((known) => isSame(known, field)));
  if (fields.length === 0 || without.length + fields.length > REFUSED_MAX + refused.of(attempt.candidate).length) {
    return undefined;
  }
  refused.add(attempt.candidate, fields);
  return { attempt: { ...attempt, without: [...without, ...fields], retries: 0 }, waitMs: 0 };
};

/** Some servers do not stream, or break streams off before the first word. They may still give the whole answer. */
export const askWhole: Strategy = ({ attempt, error }) => {
  const isBroken = error.code === 'upstream_cut' || error.code === 'upstream_invalid';
  if (!attempt.streaming || !(hintsOf(error).refusesStream ?? isBroken)) return undefined;
  return { attempt: { ...attempt, streaming: false, retries: 0 }, waitMs: 0 };
};

/**
 * Failures that another upstream may not have. A model that this upstream does not have is one too (`elsewhere`). A
 * refused request and a conversation that is too long are not: they are the request's own fault, and a second upstream
 * would hide that.
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

/** Whether another upstream may answer what this one could not. */
export const canFallBack = (error: GatewayError): boolean =>
  FALLS_BACK.has(error.code) || hintsOf(error).elsewhere === true;

/** The next candidate stands in. */
export const fallBack: Strategy = ({ attempt, error, candidates, refused }) => {
  const next = candidates[candidates.indexOf(attempt.candidate) + 1];
  if (!next || !canFallBack(error)) return undefined;
  return { attempt: firstAttempt(next, refused.of(next)), waitMs: 0 };
};
