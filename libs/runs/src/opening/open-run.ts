import {
  affinityAtOpening,
  GatewayError,
  toRunError,
  type EnqueueTerms,
  type OpenLogTerms,
  type OpenOutcome,
  type RunSpec,
} from '#libs/contract';
import { createHash } from 'node:crypto';
import { cancelRun, endRun, type CancelPorts } from '../ending/end-run.js';
import { handOnTurn } from '../ending/hand-on-turn.js';

export interface OpenTerms {
  /** The run's place among the waiting ones, from `placeInQueue`; default 0: before all of them. */
  readonly tag?: number;
  /**
   * The caller will open this run again under the same id if this try fails, so a log without a job stays. Without this
   * flag a run that could not be queued is ended, so that no listener waits for it.
   */
  readonly comesAgain?: boolean;
  /** The scope of the idempotency key that the run's id was reserved with. */
  readonly reservedIn?: string;
  /** The id was made for this run a moment ago, and nobody else has it. */
  readonly isNewId?: boolean;
  /** See `QueueRoom`. */
  readonly orderBytesMax?: number;
}

/**
 * Opens a run's log and queues the run. A run that takes a turn in its session (`spec.inTurn`) is queued now only if
 * the turn is its own; otherwise whoever ends the run before it queues it. 'exists': the id was opened before (its job
 * is that of the other opener, and a second one is ignored). Rejects with GatewayError `queue_unavailable`,
 * `unavailable` when the turn was lost because opening took too long, `run_not_found` when the run was opened before
 * under its reserved id and deleted since, or `queue_full` when the owner's orders take as many bytes as they may.
 */
export async function openRun(ports: CancelPorts, spec: RunSpec, terms: OpenTerms = {}): Promise<'opened' | 'exists'> {
  if (spec.inTurn) return openInTurn(ports, spec, terms);
  if (!terms.comesAgain) return openAtOnce(ports, spec, terms);
  const { tag = 0 } = terms;
  const opened = assertOpen(await ports.log.open(spec, logTerms(terms)));
  await ports.queue.enqueue(spec.runId, tag, told(spec));
  return opened;
}

/**
 * One round trip: both commands use one connection, so the log exists before a worker hears of the run, and a job
 * without a log is dropped.
 */
async function openAtOnce(ports: CancelPorts, spec: RunSpec, terms: OpenTerms): Promise<'opened' | 'exists'> {
  const { log, queue } = ports;
  const { runId } = spec;
  const opening = log.open(spec, logTerms(terms));
  const queueing = queue.enqueue(runId, terms.tag ?? 0, { ...told(spec), isNewId: terms.isNewId ?? false });
  const [opened, queued] = await Promise.allSettled([opening, queueing]);
  if (opened.status === 'rejected') {
    // It is unknown whether the log was opened. The client is told to try again, so nobody needs this run.
    cancelRun(ports, runId, 'requested').catch(() => undefined);
    throw opened.reason;
  }
  // A worker would drop a job without a log; removing it here only saves that work. A reserved id may have another
  // opener.
  if (opened.value === 'full' && terms.reservedIn === undefined) queue.remove(runId).catch(() => undefined);
  const outcome = assertOpen(opened.value);
  if (outcome === 'exists' || queued.status === 'fulfilled') return outcome;
  // If this fails too, Redis is away altogether; the scheduler's duty `fail-lost-runs` finds the run and ends it.
  await endRun(ports, { runId, spec }, { type: 'run.failed', error: toRunError(queued.reason) }).catch(
    (cause: unknown) => ports.onUnsettled?.({ cause, runId, what: 'a run that was not queued could not be ended' }),
  );
  throw queued.reason;
}

async function openInTurn(ports: CancelPorts, spec: RunSpec, terms: OpenTerms): Promise<'opened' | 'exists'> {
  const { log, queue, sessionTurns } = ports;
  const { runId, owner, sessionId = '' } = spec;
  const session = { owner, sessionId };
  try {
    const opened = assertOpen(await log.open(spec, logTerms(terms)));
    const turn = await sessionTurns.ready(session, runId);
    // An earlier try of the same request opened the run, which may have ended by now.
    if (turn === 'evicted' && opened === 'exists') return 'exists';
    if (turn === 'evicted') throw new GatewayError('unavailable', 'The run could not be opened in time. Try again.');
    if (turn === 'turn') await queue.enqueue(runId, terms.tag ?? 0, told(spec));
    return opened;
  } catch (cause) {
    // The client is told to try again, so nobody needs this run, if it was opened at all.
    cancelRun(ports, runId, 'requested')
      .then(() => handOnTurn(ports, session, runId))
      .catch((failure: unknown) => ports.onUnsettled?.({ cause: failure, runId, what: 'a turn was not given up' }));
    throw cause;
  }
}

/** What a worker reads of the job before it has the order. */
function told(spec: RunSpec): EnqueueTerms {
  const key = affinityAtOpening(spec);
  const affinity = key !== undefined && { affinity: createHash('sha256').update(key).digest('hex') };
  return { model: spec.model, ...affinity };
}

const logTerms = ({ reservedIn, orderBytesMax }: OpenTerms): OpenLogTerms => ({
  ...(reservedIn !== undefined && { reservedIn }),
  ...(orderBytesMax !== undefined && { orderBytesMax }),
});

/** Seconds after which the store may have taken some of the key's runs. */
const ORDERS_RETRY_SECONDS = 5;

function assertOpen(outcome: OpenOutcome): 'opened' | 'exists' {
  if (outcome === 'used') throw deletedUnderKey();
  if (outcome !== 'full') return outcome;
  const what = 'The runs of this API key that are under way hold too many bytes. Try again when some have ended.';
  throw new GatewayError('queue_full', what, { retryAfterSeconds: ORDERS_RETRY_SECONDS, reason: 'key_order_bytes' });
}

/** The error for a repeated idempotency key whose run was opened and no longer exists. */
export const deletedUnderKey = (): GatewayError =>
  new GatewayError('run_not_found', 'What was made with this Idempotency-Key was deleted.', {
    param: 'Idempotency-Key',
  });
