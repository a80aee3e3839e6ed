import { GatewayError, type QueuedRun, type SessionRef, type SessionTurns, toRunError } from '#libs/contract';
import { endRuns } from '#libs/runs';
import { type HeadOf, UnconfirmedWalk } from '../walk-unconfirmed.js';
import type { Duty, DutyPorts } from './duty.js';

const EVERY_MS = 10_000;
const AGE_MS_MIN = 30_000;
/** A healthy run is without a job only for milliseconds: opened and not yet enqueued, or between two workers. */
const SUSPECT_MS_MIN = 10_000;
const LOGGED_IDS_MAX = 20;

/**
 *   healthy --(no job, not ended)--> suspect `jobless` --(still so, 10 s later)--> run.failed, enqueued for the store
 *                                                      \__ a parked run gets its job again instead
 *   parked --(answered)------------> its job is woken: the process that took the answer may have died before
 *   healthy --(no log)-------------> suspect `gone`    --(still so, 10 s later)--> taken out of the index
 *
 * A suspect is forgotten as soon as a round finds it in order, or suspect for another reason.
 */
type Reason = 'jobless' | 'gone';
type Suspects = Map<string, { readonly reason: Reason; readonly since: number }>;

interface Memory {
  readonly walk: UnconfirmedWalk;
  /** Suspects of the previous lap. */
  before: Suspects;
  /** Suspects of this lap. */
  seen: Suspects;
}

const blank = (): Memory => ({ walk: new UnconfirmedWalk(), before: new Map(), seen: new Map() });

/**
 * Ends runs that no worker has or will get, so that no listener waits for them. Removes expired logs from the index.
 */
export function failLostRuns(): Duty {
  let memory = blank();
  return {
    name: 'fail-lost-runs',
    everyMs: EVERY_MS,
    async run(ports, signal) {
      try {
        await look(memory, ports, signal);
      } catch (cause) {
        // Suspects must be seen in two successful rounds in a row: one seen before an outage proves nothing.
        memory = blank();
        throw cause;
      }
    },
  };
}

async function look(memory: Memory, ports: DutyPorts, signal: AbortSignal): Promise<void> {
  const lost: string[] = [];
  const gone: string[] = [];
  const parked = new Map<string, QueuedRun>();
  const at = ports.now();
  for await (const page of memory.walk.look(ports.log, at - AGE_MS_MIN, signal)) {
    await noteParked(page, parked, ports);
    for (const [runId, reason] of await suspectsOf(page, ports)) {
      const earlier = memory.before.get(runId);
      const since = earlier?.reason === reason ? earlier.since : at;
      memory.seen.set(runId, { reason, since });
      if (at - since < SUSPECT_MS_MIN) continue;
      if (reason === 'gone') gone.push(runId);
      else lost.push(runId);
    }
  }
  if (memory.walk.lapDone) {
    memory.before = memory.seen;
    memory.seen = new Map();
  }
  await settle({ lost, gone, parked }, ports);
}

/** Collects the parked runs of a page, and wakes the answered ones. */
async function noteParked(
  page: readonly HeadOf[],
  parked: Map<string, QueuedRun>,
  { queue }: DutyPorts,
): Promise<void> {
  for (const { runId, head } of page) {
    if (!head?.parked || head.ended) continue;
    const run = { runId, generation: head.generation };
    parked.set(runId, run);
    if (head.parked.woken) await queue.wake(run);
  }
}

interface Found {
  readonly lost: readonly string[];
  readonly gone: readonly string[];
  readonly parked: ReadonlyMap<string, QueuedRun>;
}

async function settle({ lost, gone, parked }: Found, ports: DutyPorts): Promise<void> {
  const asleep = lost.flatMap((runId) => parked.get(runId) ?? []);
  await wakeAll(asleep, ports);
  const dead = lost.filter((runId) => !parked.has(runId));
  await endAll(dead, ports);
  if (gone.length === 0) return;
  await ports.log.confirmPersisted(gone);
  ports.logger.info({ runs: gone.length }, 'runs whose log has expired were taken out of the index');
}

async function suspectsOf(page: readonly HeadOf[], { queue, sessionTurns }: DutyPorts): Promise<Map<string, Reason>> {
  const gone = page.filter(({ head }) => !head).map(({ runId }) => runId);
  const open = page.flatMap(({ runId, head }) => (head && !head.ended ? [{ runId, head }] : []));
  const withJob =
    open.length > 0
      ? await queue.withJob(open.map(({ runId, head: { generation } }) => ({ runId, generation })))
      : new Set<string>();
  const waiting = await waitingForTheirTurn(page, withJob, sessionTurns);
  const jobless = open.map(({ runId }) => runId).filter((runId) => !withJob.has(runId) && !waiting.has(runId));
  return new Map<string, Reason>([
    ...gone.map((runId) => [runId, 'gone'] as const),
    ...jobless.map((runId) => [runId, 'jobless'] as const),
  ]);
}

async function wakeAll(parked: readonly QueuedRun[], { queue, logger }: DutyPorts): Promise<void> {
  if (parked.length === 0) return;
  await Promise.all(parked.map((run) => queue.wake(run)));
  logger.warn({ runs: parked.length }, 'parked runs had lost their jobs and were enqueued again');
}

/** Runs that have no job because an earlier turn of their session is still running. */
async function waitingForTheirTurn(
  page: readonly HeadOf[],
  withJob: ReadonlySet<string>,
  turns: SessionTurns,
): Promise<Set<string>> {
  const sessions = new Map<string, SessionRef>();
  for (const { runId, head } of page) {
    if (!head || head.ended || head.turnOf === undefined || withJob.has(runId)) continue;
    sessions.set(JSON.stringify([head.owner, head.turnOf]), { owner: head.owner, sessionId: head.turnOf });
  }
  const states = await Promise.all([...sessions.values()].map((session) => turns.state(session)));
  return new Set(states.flatMap(({ waiting }) => waiting));
}

async function endAll(lost: readonly string[], ports: DutyPorts): Promise<void> {
  if (lost.length === 0) return;
  const error = toRunError(new GatewayError('worker_lost', 'The run was lost: no worker has it any more.'));
  const runs = lost.map((runId) => ({ runId }));
  const ended = await endRuns(ports, runs, { type: 'run.failed', error });
  ports.logger.error(
    { runs: ended.length, runIds: ended.slice(0, LOGGED_IDS_MAX) },
    'runs were ended because no worker had them any more',
  );
}
