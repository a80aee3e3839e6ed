import type { CancelReason, RunError } from '#libs/contract';

/** The error for a listener of a cancelled run. */
export function cancelledError(reason: CancelReason): RunError {
  const message =
    reason === 'requested' ? 'The run was cancelled.' : 'The run was cancelled because its client disconnected.';
  return { code: 'run_cancelled', message };
}

/** For wire formats that cannot take back what they have sent: the step was lost with its worker. */
export const LOST_STEP: RunError = {
  code: 'worker_lost',
  message: 'The worker that wrote this answer was lost, and the part already sent cannot be taken back. Try again.',
};

/** A log that violates its own grammar. Never expected, and never shown as a success. */
export const BROKEN_CALL: RunError = {
  code: 'internal_error',
  message: 'The arguments of a tool call do not continue what was already sent of them.',
};
