import { EMPTY_SNAPSHOT, foldAll, GatewayError, hasEnded, type RunSnapshot } from '#libs/contract';
import { rest } from '../state/bell.js';
import type { AnswerPorts } from './ports.js';

const AGAIN_MS = 1_000;
/** A run that was opened and is nowhere: the store may be about to write its row. */
const MISSING_TRIES_MAX = 10;

export interface Listened {
  readonly runId: string;
  readonly owner: string;
  readonly signal: AbortSignal;
  /** Told of the run as far as it has come. */
  hear(snapshot: RunSnapshot): void;
}

/**
 * Follows a run to its end, on whatever replica it runs, through outages. Resolves when it is over, or when the signal
 * aborts. @returns why nothing more can be heard of it; undefined: its end was heard.
 */
export async function listen({ runs, logger }: AnswerPorts, listened: Listened): Promise<string | undefined> {
  const { runId, owner, signal, hear } = listened;
  let snapshot = EMPTY_SNAPSHOT;
  let missing = 0;
  while (!signal.aborted && !hasEnded(snapshot)) {
    try {
      const found = await runs.find(runId, owner);
      if (found.kind === 'stored') {
        hear(found.snapshot);
        return undefined;
      }
      const take = (batch: Parameters<typeof foldAll>[0]): undefined => {
        snapshot = foldAll(batch, snapshot);
        hear(snapshot);
      };
      const start = { runId, instance: found.head.instance, after: snapshot.lastSeq };
      await runs.attend(runId, () => runs.follow(start, take, signal));
    } catch (cause) {
      const isMissing = cause instanceof GatewayError && /^run_(not_found|log_lost)$/.test(cause.code);
      if (isMissing && ++missing >= MISSING_TRIES_MAX) return '[The answer was lost]';
      if (!(cause instanceof GatewayError)) logger.warn({ err: cause, runId }, 'a run could not be followed');
      await rest(AGAIN_MS, signal);
    }
  }
  return undefined;
}
