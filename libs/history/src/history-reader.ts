import { GatewayError, inputOf, LIMITS, turnOf, type RunJournal, type StoredRuns, type Turn } from '#libs/contract';
import { foldLog } from '#libs/runs';

export interface HistoryPorts {
  readonly log: RunJournal;
  readonly store: Pick<StoredRuns, 'turns'>;
}

export interface HistoryReader {
  /**
   * The conversation that ends with this run, oldest turn first, at most `limit` turns (LIMITS.historyTurnsMax). Runs
   * that have not reached the store come from their logs, all others from the store by one query. The chain ends at a
   * turn that was deleted or has expired: the conversation begins after it. Empty when the run itself cannot be found.
   * Rejects with GatewayError `unavailable` when the store is needed and away.
   */
  turns(runId: string, limit?: number): Promise<readonly Turn[]>;
  /** Only the last of these turns. It is read from its log for as long as that log lives. */
  turn(runId: string): Promise<Turn | undefined>;
}

export function historyReader({ log, store }: HistoryPorts): HistoryReader {
  return {
    async turn(runId) {
      const [logged] = await loggedTurn(log, runId);
      return logged ?? (await store.turns(runId, 1)).at(-1);
    },
    async turns(runId, limit = LIMITS.historyTurnsMax) {
      let turns: readonly Turn[] = [];
      const seen = new Set<string>();
      let away: unknown;
      for (let next: string | undefined = runId; next !== undefined; next = turns[0]?.parentId) {
        if (seen.has(next) || turns.length >= limit) break;
        seen.add(next);
        const older: readonly Turn[] =
          away === undefined ? await store.turns(next, limit - turns.length).catch(remember) : [];
        // A run that the store does not have yet is in its log. While the store is away, so are all runs of the last
        // hour.
        const found = older.length > 0 ? await withLogged(log, older) : await loggedTurn(log, next);
        if (found.length === 0) {
          if (away !== undefined) throw away;
          break;
        }
        turns = [...found, ...turns];
      }
      return turns.slice(-limit);

      function remember(cause: unknown): readonly Turn[] {
        if (!(cause instanceof GatewayError) || cause.code !== 'unavailable') throw cause;
        away = cause;
        return [];
      }
    },
  };
}

/** The store has no content of a run with `retain: false`. While its log lives, the run can be continued. */
function withLogged(log: HistoryPorts['log'], turns: readonly Turn[]): Promise<readonly Turn[]> {
  return Promise.all(
    turns.map(async (turn) => {
      if (turn.input) return turn;
      const [logged] = await loggedTurn(log, turn.runId);
      return logged ? { ...logged, ...(turn.isDeleted && { isDeleted: true }) } : turn;
    }),
  );
}

async function loggedTurn(log: HistoryPorts['log'], runId: string): Promise<readonly Turn[]> {
  const [spec, head] = await Promise.all([log.spec(runId), log.head(runId)]);
  if (!spec) return [];
  const snapshot = await foldLog(log, runId);
  if (snapshot.runId !== runId) return [];
  // The store learns of a deletion first, and may not have the row yet.
  return [turnOf(snapshot, inputOf(spec), head?.deleted)];
}
