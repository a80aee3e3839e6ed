import type { JsonObject, RunSnapshot } from '#libs/contract';
import { runObject } from './run-object.js';

/** A run in a list: what it is and how it stands. What it said and used is in the run itself. */
const FACTS = [
  'object',
  'run_id',
  'status',
  'model',
  'protocol',
  'session_id',
  'job_id',
  'parent_run_id',
  'created_at',
  'updated_at',
  'ended_at',
  'last_event',
  'finish_reason',
  'reason',
  'error',
  'metadata',
] as const;

export function runSummary(snapshot: RunSnapshot): JsonObject {
  const run = runObject(snapshot);
  return Object.fromEntries(FACTS.map((fact) => [fact, run[fact]]));
}
