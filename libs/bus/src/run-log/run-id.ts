import { randomUUID } from 'node:crypto';

/**
 * A new run id: `run_` and 32 hex digits. Never made from client text: it becomes a queue job id and a key. A UUID,
 * because Node draws those many at a time; bytes of one's own were 3 % of what a request costs the API.
 */
export const newRunId = (): string => `run_${randomUUID().replaceAll('-', '')}`;

/** Whether a text from a client has the form of a run id; anything else cannot name a run. */
export const isRunId = (text: string): boolean => /^run_[0-9a-f]{32}$/.test(text);
