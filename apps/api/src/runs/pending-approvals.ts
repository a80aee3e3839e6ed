import { GatewayError } from '#libs/contract';
import { runObject } from '#libs/protocols';
import type { Runs } from '#libs/runs';
import type { Page, PendingApproval } from '#libs/wire';
import type { RunList } from './run-list.js';
import { API_LIMITS } from '../words/api-limits.js';

export interface PendingParts {
  readonly runList: Pick<RunList, 'page'>;
  readonly runs: Pick<Runs, 'get'>;
}

export interface PendingOrder {
  readonly owner: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** A run whose requests were shown, all of them or up to one. */
interface Place {
  readonly run: string;
  readonly requestId?: string;
}

interface Shown {
  readonly place: Place;
  readonly entry: PendingApproval;
}

/** Looks at the list of runs for one page: a key may have many runs of which few wait. */
const LOOKS_MAX = 10;

/**
 * A page of the open requests for approval of a key: those of the newest runs first, and within the page the oldest
 * first. Requests that come or are answered meanwhile may be missing on later pages or be shown again. Throws
 * GatewayError `invalid_cursor`, `queue_unavailable` or `unavailable`.
 */
export async function pendingPage(parts: PendingParts, order: PendingOrder): Promise<Page<PendingApproval>> {
  const { owner, limit } = order;
  const from = order.after === undefined ? undefined : parsePlace(order.after);
  const found: Shown[] = from?.requestId === undefined ? [] : await restOf(parts, owner, from);
  let run = from?.run;
  let hasMore = true;
  for (let look = 0; hasMore && found.length <= limit && look < LOOKS_MAX; look++) {
    const filter = { owner, status: 'waiting_for_approval', limit: Math.min(limit, API_LIMITS.runsPageMax) } as const;
    const page = await parts.runList.page({ ...filter, ...(run !== undefined && { after: run }) });
    const lists = await Promise.all(
      page.runs.map(({ createdAt, runId }) => requestsOf(parts, owner, `${createdAt}.${runId}`)),
    );
    found.push(...lists.flat());
    hasMore = page.next !== undefined;
    run = page.next ?? run;
  }
  const shown = found.slice(0, limit);
  const last = shown.at(-1)?.place;
  const end = found.length > limit ? last : hasMore && run !== undefined ? { run } : undefined;
  const data = shown.map(({ entry }) => entry).sort((a, b) => a.request.requested_at - b.request.requested_at);
  return { object: 'list', data, has_more: end !== undefined, next: end ? placeText(end) : null };
}

/** What is left of the run in the middle of which the page before ended. */
async function restOf(parts: PendingParts, owner: string, { run, requestId }: Place): Promise<Shown[]> {
  const requests = await requestsOf(parts, owner, run);
  return requests.slice(requests.findIndex(({ place }) => place.requestId === requestId) + 1);
}

async function requestsOf({ runs }: PendingParts, owner: string, run: string): Promise<Shown[]> {
  try {
    const { run_id, session_id, job_id, approvals } = runObject(await runs.get(runIn(run), owner));
    return approvals.map((request) => ({
      place: { run, requestId: request.request_id },
      entry: { run_id, session_id, job_id, request },
    }));
  } catch (cause) {
    // The run was deleted after it was listed.
    if (cause instanceof GatewayError && cause.code === 'run_not_found') return [];
    throw cause;
  }
}

const runIn = (run: string): string => run.slice(run.indexOf('.') + 1);

const placeText = ({ run, requestId }: Place): string => (requestId === undefined ? run : `${run}.${requestId}`);

function parsePlace(text: string): Place {
  const [, run, requestId] = /^(\d{1,15}\.[\w-]{1,200})(?:\.([\w-]{1,200}))?$/.exec(text) ?? [];
  if (run !== undefined) return { run, ...(requestId !== undefined && { requestId }) };
  throw new GatewayError('invalid_cursor', "'after' is not what a page of requests gave as 'next'.", {
    param: 'after',
  });
}
