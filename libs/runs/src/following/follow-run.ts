import { EMPTY_SNAPSHOT, foldAll, GatewayError, LIMITS, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import { patience } from './patience.js';
import type { Batches } from './primed.js';
import { tailRun, type TailPorts, type TailStart } from './tail-run.js';

/** The point from which a run is followed. */
export interface FollowStart extends Pick<TailStart, 'runId' | 'instance' | 'after'> {
  /** A tail that has been watching since before the run was opened, from `startRun`. */
  readonly primed?: Batches | undefined;
  /** Called after every batch; true: the rest is not wanted. */
  readonly isEnough?: () => boolean;
}

/** Takes a batch. The next one comes when the promise resolves, or at once without a promise. */
export type TakeBatch = (batch: readonly LoggedEvent[]) => Promise<void> | undefined;

/**
 * Passes everything after `start.after` to `take`, in order, each event once. Resolves after the terminal event, or
 * earlier when `signal` aborts or `isEnough` says so. While Redis is away it waits, for LIMITS.relayOutageMsMax, and
 * then continues at the same event (fault R2). Throws GatewayError `run_log_lost` or `queue_unavailable`, and whatever
 * `take` throws.
 */
export async function followRun(
  ports: TailPorts,
  start: FollowStart,
  take: TakeBatch,
  signal: AbortSignal,
): Promise<void> {
  const { runId, instance, isEnough } = start;
  const outage = patience(LIMITS.relayRetryMsMax, LIMITS.relayOutageMsMax);
  let { after } = start;
  const takeAll = async (tail: AsyncIterable<readonly LoggedEvent[]>): Promise<void> => {
    for await (const batch of tail) {
      const pause = take(batch);
      if (pause) await pause;
      after = batch.at(-1)?.seq ?? after;
      outage.reset();
      if (isEnough?.()) return;
    }
  };
  for (let { primed } = start; ; primed = undefined) {
    try {
      return await takeAll(primed ?? tailRun(ports, { runId, instance, after }, signal));
    } catch (cause) {
      const isOutage = cause instanceof GatewayError && cause.code === 'queue_unavailable';
      if (!isOutage || !(await outage.wait(signal))) throw cause;
    }
  }
}

/** The run's state after its terminal event, or the state so far when `signal` aborts. Throws like `followRun`. */
export async function waitForRun(ports: TailPorts, start: FollowStart, signal: AbortSignal): Promise<RunSnapshot> {
  let snapshot = EMPTY_SNAPSHOT;
  const take: TakeBatch = (batch) => {
    snapshot = foldAll(batch, snapshot);
    return undefined;
  };
  await followRun(ports, start, take, signal);
  return snapshot;
}
