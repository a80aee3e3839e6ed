import { randomBytes } from 'node:crypto';

/** A new run id: `run_` and 32 hex digits. Never made from client text: it becomes a queue job id and a key. */
export const newRunId = (): string => `run_${randomBytes(16).toString('hex')}`;

/** Whether a text from a client has the form of a run id; anything else cannot name a run. */
export const isRunId = (text: string): boolean => /^run_[0-9a-f]{32}$/.test(text);
