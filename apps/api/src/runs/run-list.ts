import {
  type ApprovalMemory,
  foldAll,
  GatewayError,
  hasEnded,
  isBehind,
  type LiveRun,
  type LiveRuns,
  type RunPosition,
  type RunSnapshot,
  type RunStatus,
  type StoredRuns,
} from '#libs/contract';
import { API_LIMITS } from '../words/api-limits.js';

export interface RunListOrder {
  readonly owner: string;
  readonly status?: RunStatus;
  readonly sessionId?: string;
  readonly jobId?: string;
  readonly limit: number;
  /** `next` of the previous page. */
  readonly after?: string;
}

export interface RunListPage {
  readonly runs: readonly RunSnapshot[];
  readonly next?: string;
}

export interface RunListPorts {
  readonly live: LiveRuns;
  readonly store: Pick<StoredRuns, 'runs'>;
  readonly approvals: Pick<ApprovalMemory, 'waiting'>;
}

/** Rows of one source in order, and how far that source was read; without `end`: to its end. */
interface Part {
  readonly rows: readonly RunSnapshot[];
  readonly end?: RunPosition;
}

/**
 * The runs of an owner, newest first: those in the store, and those that the store has not confirmed, which are in
 * Redis. Of live runs only the first and the last event are read, so the list lacks their output and usage so far.
 */
export class RunList {
  constructor(private readonly ports: RunListPorts) {}

  /** Throws GatewayError `invalid_cursor`, or `unavailable` when the store cannot be asked. */
  async page(order: RunListOrder): Promise<RunListPage> {
    const after = order.after === undefined ? undefined : parsePlace(order.after);
    // Live runs come first: a run that leaves Redis in between is in the store by then.
    const live = await this.livePart(order, after);
    const stored = await this.storedPart(order);
    const ends = [live.end, stored.end].filter((end) => end !== undefined);
    const horizon = ends.sort(byPlace)[0];
    const byId = new Map([...live.rows, ...stored.rows].map((run) => [run.runId, run]));
    const rows = [...byId.values()].filter((run) => !horizon || !isBehind(run, horizon)).sort(byPlace);
    const runs = rows.slice(0, order.limit);
    const last = runs.length < rows.length ? runs.at(-1) : horizon;
    return { runs, ...(last && { next: placeText(last) }) };
  }

  /** The newest run of a session, while it goes on; undefined when it has ended, or Redis has none. */
  async goingOn(owner: string, sessionId: string): Promise<RunSnapshot | undefined> {
    const { rows } = await this.livePart({ owner, sessionId, limit: 1 }, undefined);
    const newest = [...rows].sort(byPlace)[0];
    return newest && !hasEnded(newest) ? newest : undefined;
  }

  private async livePart(order: RunListOrder, after: RunPosition | undefined): Promise<Part> {
    const rows: RunSnapshot[] = [];
    let end = after;
    for (let scanned = 0; scanned < API_LIMITS.liveRunsScannedMax; scanned += API_LIMITS.liveRunsPage) {
      const page = await this.ports.live.list(order.owner, API_LIMITS.liveRunsPage, end);
      const runs = page.flatMap((run) => snapshotOf(run) ?? []);
      rows.push(...(await this.withWaits(order.owner, runs)).filter((run) => fits(run, order)));
      end = page.at(-1);
      if (page.length < API_LIMITS.liveRunsPage || end === undefined) return { rows };
      if (rows.length > order.limit) break;
    }
    return { rows, ...(end && { end }) };
  }

  /** A run that waits for an approval of its upstream keeps its worker, so its head does not say that it waits. */
  private async withWaits(owner: string, runs: readonly RunSnapshot[]): Promise<readonly RunSnapshot[]> {
    const running = runs.filter(({ status }) => status === 'running').map(({ runId }) => runId);
    if (running.length === 0) return runs;
    const waiting = await this.ports.approvals.waiting(owner, running);
    return runs.map((run) => (waiting.has(run.runId) ? { ...run, status: 'waiting_for_approval' } : run));
  }

  private async storedPart(order: RunListOrder): Promise<Part> {
    if (order.status !== undefined && !hasEnded({ status: order.status })) return { rows: [] };
    const { runs, next } = await this.ports.store.runs(order);
    return { rows: runs, ...(next !== undefined && { end: parsePlace(next) }) };
  }
}

/** A snapshot of a run from its first event, its last event and its head. */
function snapshotOf({ head, events }: LiveRun): RunSnapshot | undefined {
  if (!head || !events || head.deleted) return undefined;
  const [first, last] = events;
  const snapshot = foldAll(first.seq === last.seq ? [first] : [first, last]);
  if (hasEnded(snapshot)) return snapshot;
  const { attempt } = head;
  return {
    ...snapshot,
    attempt,
    status: head.parked ? 'waiting_for_approval' : head.attempt > 0 ? 'running' : 'queued',
  };
}

function fits(run: RunSnapshot, { status, sessionId, jobId }: RunListOrder): boolean {
  return (
    (status === undefined || run.status === status) &&
    (sessionId === undefined || run.sessionId === sessionId) &&
    (jobId === undefined || run.jobId === jobId)
  );
}

function byPlace(a: RunPosition, b: RunPosition): number {
  return isBehind(a, b) ? 1 : -1;
}

const placeText = ({ createdAt, runId }: RunPosition): string => `${createdAt}.${runId}`;

function parsePlace(text: string): RunPosition {
  const match = /^(\d{1,15})\.([\w-]{1,200})$/.exec(text);
  if (match) return { createdAt: Number(match[1]), runId: match[2] ?? '' };
  throw new GatewayError('invalid_cursor', "'after' is not what a list of runs gave as 'next'.", { param: 'after' });
}
