import { GatewayError } from '#libs/contract';
import type { SessionFilter } from '#libs/store';

const PAGE_SESSIONS = 20;
const PAGE_SESSIONS_MAX = 200;

/**
 * Reads `?owner=&search=&limit=&after=`: owner is required, limit is 1 to 200 (default 20).
 * Throws GatewayError `invalid_request` with the parameter's name.
 */
export function parseSessionQuery(query: Readonly<Record<string, unknown>>): SessionFilter {
  const [owner, search, after] = ['owner', 'search', 'after'].map((name) => text(query, name));
  const limit = text(query, 'limit') ?? String(PAGE_SESSIONS);
  if (owner === undefined) throw invalid('owner', 'is required');
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > PAGE_SESSIONS_MAX) {
    throw invalid('limit', `is a number from 1 to ${PAGE_SESSIONS_MAX}`);
  }
  return {
    owner,
    limit: Number(limit),
    ...(search !== undefined && { search }),
    ...(after !== undefined && { after }),
  };
}

function text(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, 'is given once');
}

const invalid = (param: string, why: string): GatewayError =>
  new GatewayError('invalid_request', `${param} ${why}.`, { param });
