import { createHash, randomBytes } from 'node:crypto';

const ID_CHARS = 12;

/** A new job id: 12 hex digits, as in the Hermes jobs API. */
export const newJobId = (): string => randomBytes(ID_CHARS / 2).toString('hex');

/** The job id for a text: the same text always yields the same id, so a repeated request makes one job. */
export const jobIdFrom = (text: string): string => digest(text).slice(0, ID_CHARS);

/** Whether a text from a client has the form of a job id; no other text can name a job. */
export const isJobId = (text: string): boolean => /^[0-9a-f]{12}$/.test(text);

/** The run id of an occurrence. All schedulers derive the same one, and a run log is opened once. */
export const jobRunId = (jobId: string, slot: number, attempt: number): string =>
  `run_${digest(`${jobId}:${slot}:${attempt}`).slice(0, 32)}`;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
