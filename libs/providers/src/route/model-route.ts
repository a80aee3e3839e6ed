import {
  GatewayError,
  type FailedAttempt,
  type ModelAttempt,
  type ModelCandidate,
  type ModelRoute,
} from '#libs/contract';
import { setTimeout as wait } from 'node:timers/promises';
import { RefusedMemory } from './refused-memory.js';
import {
  askWhole,
  fallBack,
  firstAttempt,
  leaveOutRefused,
  sendAgain,
  type Failed,
  type Strategy,
} from './strategies.js';
import { smallestWindow } from './window.js';

/** Tried in this order: the first strategy that applies to the failure is used. */
const STRATEGIES: readonly Strategy[] = [leaveOutRefused, sendAgain, askWhole, fallBack];

/**
 * The policy for asking again. The failed attempt records how often and in which manner a candidate was asked, so a
 * route keeps no state between calls and serves any number of runs.
 * @param candidates in the order in which they stand in for each other.
 * @param refused fields that upstreams refused by name; shared by all routes of a process.
 */
export function modelRoute(
  name: string,
  candidates: readonly ModelCandidate[],
  refused: RefusedMemory = new RefusedMemory(),
): ModelRoute {
  return {
    name,
    ...smallestWindow(candidates),
    async next(failed, _affinity, signal) {
      signal.throwIfAborted();
      if (failed) return await after(failed, { candidates, refused }, signal);
      const [candidate] = candidates;
      if (!candidate) throw new GatewayError('model_not_found', `The model '${name}' leads nowhere.`);
      return firstAttempt(candidate, refused.of(candidate));
    },
  };
}

async function after(
  { attempt, error }: FailedAttempt,
  facts: Pick<Failed, 'candidates' | 'refused'>,
  signal: AbortSignal,
): Promise<ModelAttempt> {
  if (!(error instanceof GatewayError)) throw error;
  for (const strategy of STRATEGIES) {
    const step = strategy({ attempt, error, ...facts });
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
