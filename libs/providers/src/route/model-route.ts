import {
  GatewayError,
  type FailedAttempt,
  type ModelAttempt,
  type ModelCandidate,
  type ModelRoute,
} from '#libs/contract';
import { setTimeout as wait } from 'node:timers/promises';
import { askWhole, fallBack, firstAttempt, sendAgain, type Strategy } from './strategies.js';

/** In this order: the first way that is one for the failure is taken. */
const STRATEGIES: readonly Strategy[] = [sendAgain, askWhole, fallBack];

/**
 * The policy for asking again. What was tried before stands in the failed attempt, so a route keeps nothing between
 * calls and serves any number of runs.
 * @param candidates in the order in which they stand in for each other.
 */
export function modelRoute(name: string, candidates: readonly ModelCandidate[]): ModelRoute {
  return {
    name,
    async next(failed, _affinity, signal) {
      signal.throwIfAborted();
      return failed ? await after(failed, candidates, signal) : first(name, candidates);
    },
  };
}

function first(name: string, candidates: readonly ModelCandidate[]): ModelAttempt {
  const [candidate] = candidates;
  if (!candidate) throw new GatewayError('model_not_found', `The model '${name}' leads nowhere.`);
  return firstAttempt(candidate);
}

async function after(
  { attempt, error }: FailedAttempt,
  candidates: readonly ModelCandidate[],
  signal: AbortSignal,
): Promise<ModelAttempt> {
  if (!(error instanceof GatewayError)) throw error;
  for (const strategy of STRATEGIES) {
    const step = strategy({ attempt, error, candidates });
    if (!step) continue;
    if (step.waitMs > 0) await pause(step.waitMs, signal);
    return step.attempt;
  }
  throw error;
}

/** Rejects with the signal's own reason, not with Node's AbortError around it. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
