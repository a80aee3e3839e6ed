import { GatewayError, type Job, type JobRun } from '#libs/contract';

/** A position in a list of jobs, as a client sees it: `<createdAt>.<id>`. */
export const jobCursor = ({ createdAt, id }: Job): string => `${createdAt}.${id}`;

/** The inverse. Throws GatewayError `invalid_cursor`. */
export function parseJobCursor(text: string): { readonly createdAt: number; readonly id: string } {
  const match = /^(\d{1,15})\.([0-9a-f]{12})$/.exec(text);
  if (!match) throw invalid('jobs');
  return { createdAt: Number(match[1]), id: match[2] ?? '' };
}

/** A position in the history of a job: `<slot>.<attempt>`. */
export const jobRunCursor = ({ slot, attempt }: JobRun): string => `${slot}.${attempt}`;

/** The inverse. Throws GatewayError `invalid_cursor`. */
export function parseJobRunCursor(text: string): { readonly slot: number; readonly attempt: number } {
  const match = /^(\d{1,15})\.(\d{1,4})$/.exec(text);
  if (!match) throw invalid('runs');
  return { slot: Number(match[1]), attempt: Number(match[2]) };
}

const invalid = (what: string): GatewayError =>
  new GatewayError('invalid_cursor', `The cursor is not one that a list of ${what} gave.`, { param: 'after' });
