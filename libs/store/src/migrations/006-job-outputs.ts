import type { Migration } from './migration.js';

// In the form of JSON.stringify: a quote within a text has a backslash before it, so this only matches a key.
const OUTPUT = String.raw`,"output":("(?:[^"\\]|\\.)*")`;

/**
 * The answer of a run is separate from its record, so that a list of jobs need not read it. It is JSON text, a string
 * with its quotes, for the same reason as `runs.snapshot`.
 */
export const jobOutputs: Migration = {
  version: 6,
  name: 'job-outputs',
  statements: [
    `alter table job_runs add column output text`,
    `update job_runs set output = substring(record from '${OUTPUT}'), record = regexp_replace(record, '${OUTPUT}', '')
     where record like '%,"output":"%'`,
  ],
};
