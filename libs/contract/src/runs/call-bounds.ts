import { GatewayError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Throws `upstream_invalid` when one answer makes more tool calls than a step may have. @param count calls so far. */
export function checkCallCount(count: number): void {
  if (count > LIMITS.toolCallsPerStepMax) throw invalid(`made more than ${LIMITS.toolCallsPerStepMax} tool calls`);
}

/** Throws `upstream_invalid` when the arguments of one call are too long. @param chars of all their pieces so far. */
export function checkArguments(chars: number): void {
  if (chars <= LIMITS.toolArgumentsCharsMax) return;
  throw invalid(`sent tool arguments of more than ${LIMITS.toolArgumentsCharsMax} characters`);
}

/**
 * Throws `upstream_invalid` when the state that an upstream attached to one block of reasoning, or to one call, is too
 * long. @param bytes of the state as JSON, or of its pieces so far.
 */
export function checkUpstreamState(bytes: number): void {
  if (bytes <= LIMITS.upstreamStateBytesMax) return;
  throw invalid(`attached more than ${LIMITS.upstreamStateBytesMax} bytes of state to one part of its answer`);
}

function invalid(what: string): GatewayError {
  return new GatewayError('upstream_invalid', `The upstream ${what}.`);
}
