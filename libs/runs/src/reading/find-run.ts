import {
  assertContentKept,
  GatewayError,
  type RunHead,
  type RunJournal,
  type RunSnapshot,
  type StoredRuns,
} from '#libs/contract';
import { isRunId } from '../run-id.js';
import { foldLog } from './fold-log.js';

export interface FindPorts {
  readonly log: RunJournal;
  readonly store: Pick<StoredRuns, 'run'>;
}

/** A run as it was found: alive in its log, or only as rows in the store. */
export type FoundRun =
  { readonly kind: 'logged'; readonly head: RunHead } | { readonly kind: 'stored'; readonly snapshot: RunSnapshot };

/**
 * Finds a run of this key. Throws GatewayError `run_not_found`, which is the same for a run that does not exist,
 * belongs to another key, was deleted, or has a malformed id; and `unavailable` when only the store could know it and
 * is away.
 */
export async function findRun({ log, store }: FindPorts, runId: string, owner: string): Promise<FoundRun> {
  if (!isRunId(runId)) throw runNotFound();
  const head = await log.head(runId);
  if (head) {
    if (head.owner !== owner || head.deleted) throw runNotFound();
    return { kind: 'logged', head };
  }
  const snapshot = await store.run(runId);
  if (snapshot?.owner !== owner) throw runNotFound();
  return { kind: 'stored', snapshot };
}

/** Everything known about a run of this key. Throws like `findRun` and `assertContentKept`. */
export async function readRun(ports: FindPorts, runId: string, owner: string): Promise<RunSnapshot> {
  const found = await findRun(ports, runId, owner);
  if (found.kind === 'stored') return withContent(found.snapshot);
  const snapshot = await foldLog(ports.log, runId);
  if (snapshot.lastSeq > 0) return snapshot;
  // The log expired between the two reads.
  const stored = await ports.store.run(runId);
  if (!stored) throw runNotFound();
  return withContent(stored);
}

function withContent(snapshot: RunSnapshot): RunSnapshot {
  assertContentKept(snapshot);
  return snapshot;
}

const runNotFound = (): GatewayError =>
  new GatewayError('run_not_found', 'There is no run with this id.', { param: 'id' });
