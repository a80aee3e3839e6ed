import { GatewayError, type StoredAccounts } from '#libs/contract';
import type { Page, SearchHit } from '#libs/wire';
import type { SearchQueryDto } from './usage.dto.js';

/**
 * What was said in the sessions of a key, the newest runs first. Throws GatewayError `invalid_cursor`, and
 * `unavailable` when the store cannot be asked.
 */
export async function searchSessions(
  accounts: Pick<StoredAccounts, 'search'>,
  owner: string,
  { q, limit, after }: SearchQueryDto,
): Promise<Page<SearchHit>> {
  const place = after === undefined ? {} : { after: parsePlace(after) };
  const found = await accounts.search({ owner, text: q, limit: limit + 1, ...place });
  const hits = found.slice(0, limit);
  const last = hits.at(-1);
  const next = last && found.length > limit ? `${last.createdAt}.${last.runId}` : null;
  const data = hits.map(({ sessionId, runId, title, createdAt, snippet }) => ({
    object: 'search.hit' as const,
    session_id: sessionId,
    run_id: runId,
    title,
    created_at: createdAt / 1_000,
    snippet,
  }));
  return { object: 'list', data, has_more: next !== null, next };
}

function parsePlace(text: string): { readonly createdAt: number; readonly runId: string } {
  const match = /^(\d{1,15})\.([\w-]{1,200})$/.exec(text);
  if (match) return { createdAt: Number(match[1]), runId: match[2] ?? '' };
  throw new GatewayError('invalid_cursor', "'after' is not what a page of hits gave as 'next'.", { param: 'after' });
}
