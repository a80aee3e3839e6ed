import { turnOver } from '#libs/bus';
import { GatewayError, type QueuedRun, type SessionRef, type SessionTurns, toRunError } from '#libs/contract';
import { type HeadOf, UnconfirmedWalk } from '../walk-unconfirmed.js';
import type { Duty, DutyPorts } from './duty.js';

const EVERY_MS = 10_000;
const AGE_MS_MIN = 30_000;
/** A run is between two places for milliseconds: opened and not yet enqueued, or handed from worker to worker. */
const SUSPECT_MS_MIN = 10_000;
const LOGGED_IDS_MAX = 20;

/**
 *   healthy --(no job, not ended)--> suspect `jobless` --(still so, 10 s later)--> run.failed, enqueued for the store
 *                                                      \__ a parked run gets its job again instead
 *   parked --(answered)------------> its job is woken: whoever took the answer may have died before that
 *   healthy --(no log)-------------> suspect `gone`    --(still so, 10 s later)--> taken out of the index
 *
 * A suspect that is found in order, or differently out of order, at any look is forgotten.
 */
type Reason = 'jobless' | 'gone';
type Suspects = Map<string, { readonly reason: Reason; readonly since: number }>;

interface Memory {
  readonly walk: UnconfirmedWalk;
  /** Seen in the lap before; replaced when a lap is done. */
  before: Suspects;
  /** Seen in this lap. */
  seen: Suspects;
}

const blank = (): Memory => ({ walk: new UnconfirmedWalk(), before: new Map(), seen: new Map() });

/** Ends runs that no worker has and none will get, so that nobody waits for them; clears the index of expired logs. */
export function failLostRuns(): Duty {
  let memory = blank();
  return {
    name: 'fail-lost-runs',
    everyMs: EVERY_MS,
    async run(ports, signal) {
      try {
        await look(memory, ports, signal);
      } catch (cause) {
        // Two looks in a row means without a failed one between them: what was seen before an outage proves nothing.
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

/** Collects the parked runs of a page, and wakes those that were answered. */
async function noteParked(page: readonly HeadOf[], parked: Map<string, QueuedRun>, { runs }: DutyPorts): Promise<void> {
  for (const { runId, head } of page) {
    if (!head?.parked || head.ended) continue;
    const run = { runId, generation: head.generation };
    parked.set(runId, run);
    if (head.parked.woken) await runs.wake(run);
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

async function suspectsOf(page: readonly HeadOf[], { runs, turns }: DutyPorts): Promise<Map<string, Reason>> {
  const gone = page.filter(({ head }) => !head).map(({ runId }) => runId);
  const open = page.flatMap(({ runId, head }) => (head && !head.ended ? [{ runId, head }] : []));
  const withJob =
    open.length > 0
      ? await runs.withJob(open.map(({ runId, head: { generation } }) => ({ runId, generation })))
      : new Set<string>();
  const waiting = await waitingForTheirTurn(page, withJob, turns);
  const jobless = open.map(({ runId }) => runId).filter((runId) => !withJob.has(runId) && !waiting.has(runId));
  return new Map<string, Reason>([
    ...gone.map((runId) => [runId, 'gone'] as const),
    ...jobless.map((runId) => [runId, 'jobless'] as const),
  ]);
}

async function wakeAll(parked: readonly QueuedRun[], { runs, logger }: DutyPorts): Promise<void> {
  if (parked.length === 0) return;
  await Promise.all(parked.map((run) => runs.wake(run)));
  logger.warn({ runs: parked.length }, 'parked runs had lost their jobs and were enqueued again');
}

/** Runs that have no job because the turn before them in their session goes on. */
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
  const { log, persist, logger } = ports;
  if (lost.length === 0) return;
  const error = toRunError(new GatewayError('worker_lost', 'The run was lost: no worker has it any more.'));
  const ends = await Promise.all(lost.map((runId) => log.end(runId, { type: 'run.failed', error })));
  const ended = lost.filter((_, i) => ends[i]);
  logger.error(
    { runs: ended.length, runIds: ended.slice(0, LOGGED_IDS_MAX) },
    'runs were ended because no worker had them any more',
  );
  if (ended.length > 0) await persist.enqueue(ended);
  for (const runId of ended) await turnOver({ ...ports, queue: ports.runs }, runId);
}
