import { randomUUID } from 'node:crypto';

/**
 * A new run id: `run_` and 32 hex digits. Never made from a client's text: it becomes a queue job id and a key. A UUID,
 * because Node draws many of those at a time; drawing random bytes for each id was 3 % of a request's cost in the API.
 */
export const newRunId = (): string => `run_${randomUUID().replaceAll('-', '')}`;

/** Whether a client's text has the form of a run id; any other text cannot name a run. */
export const isRunId = (text: string): boolean => /^run_[0-9a-f]{32}$/.test(text);
