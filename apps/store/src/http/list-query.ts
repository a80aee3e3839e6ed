import { GatewayError, type RunStatus } from '#libs/contract';
import type { RunFilter } from '#libs/store';

const PAGE_RUNS = 20;
const PAGE_RUNS_MAX = 100;
const STATUSES: ReadonlySet<string> = new Set<RunStatus>([
  'queued',
  'running',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
]);

/**
 * Reads `?owner=&status=&session=&job=&limit=&after=`: owner is required, limit is 1 to 100 (default 20).
 * Throws GatewayError `invalid_request` with the parameter's name.
 */
export function parseListQuery(query: Readonly<Record<string, unknown>>): RunFilter {
  const owner = text(query, 'owner');
  const status = text(query, 'status');
  const sessionId = text(query, 'session');
  const jobId = text(query, 'job');
  const limit = text(query, 'limit') ?? String(PAGE_RUNS);
  const after = text(query, 'after');
  if (owner === undefined) throw invalid('owner', 'is required');
  if (status !== undefined && !isStatus(status)) throw invalid('status', `is one of ${[...STATUSES].join(', ')}`);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > PAGE_RUNS_MAX) {
    throw invalid('limit', `is a number from 1 to ${PAGE_RUNS_MAX}`);
  }
  return {
    owner,
    limit: Number(limit),
    ...(status && { status }),
    ...(sessionId !== undefined && { sessionId }),
    ...(jobId !== undefined && { jobId }),
    ...(after !== undefined && { after }),
  };
}

const isStatus = (word: string): word is RunStatus => STATUSES.has(word);

function text(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, 'is given once');
}

const invalid = (param: string, why: string): GatewayError =>
  new GatewayError('invalid_request', `${param} ${why}.`, { param });
