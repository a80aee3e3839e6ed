import { GatewayError, type RunStatus } from '#libs/contract';
import { API_LIMITS } from '../words/api-limits.js';
import type { RunListOrder } from '../runs/run-list.js';

const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'waiting_for_approval',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
];

/** Reads the query of GET /v1/runs. Throws GatewayError `invalid_request` with the parameter's name. */
export function readRunListQuery(query: Readonly<Record<string, unknown>>, owner: string): RunListOrder {
  const text = (...names: readonly string[]): string | undefined => {
    const name = names.find((known) => query[known] !== undefined);
    const value = name === undefined ? undefined : query[name];
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(name ?? '', 'is given once');
  };
  const limit = text('limit') ?? String(API_LIMITS.runsPage);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > API_LIMITS.runsPageMax) {
    throw invalid('limit', `must be a number from 1 to ${API_LIMITS.runsPageMax}`);
  }
  const word = text('status');
  const status = STATUSES.find((known) => known === word);
  if (word !== undefined && !status) throw invalid('status', `must be one of ${STATUSES.join(', ')}`);
  const sessionId = text('session_id', 'session');
  const jobId = text('job_id', 'job');
  const after = text('after');
  return {
    owner,
    limit: Number(limit),
    ...(status && { status }),
    ...(sessionId !== undefined && { sessionId }),
    ...(jobId !== undefined && { jobId }),
    ...(after !== undefined && { after }),
  };
}

const invalid = (param: string, why: string): GatewayError =>
  new GatewayError('invalid_request', `'${param}' ${why}.`, { param });
