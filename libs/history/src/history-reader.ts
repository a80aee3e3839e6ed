import {
  EMPTY_SNAPSHOT,
  foldAll,
  GatewayError,
  LIMITS,
  turnOf,
  type RunJournal,
  type StoredRuns,
  type Turn,
} from '#libs/contract';

export interface HistoryPorts {
  readonly log: RunJournal;
  readonly store: Pick<StoredRuns, 'turns'>;
}

export interface HistoryReader {
  /**
   * The conversation that ends with this run, oldest turn first, at most `limit` turns (LIMITS.historyTurnsMax): runs
   * that have not reached the store come from their logs, all others from the store by one query. A turn that is
   * nowhere any more (deleted, expired) ends the chain: the conversation begins after it. Empty when the run itself is
   * nowhere. Rejects with GatewayError `unavailable` when the store is needed and away.
   */
  turns(runId: string, limit?: number): Promise<readonly Turn[]>;
  /** The last of these alone; from its log as long as that lives. */
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
        // What the store does not have yet is in its log, and while the store is away so are all runs of the last hour.
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

/** Of a turn that is not kept the store only knows that it was; as long as its log lives it can be continued. */
function withLogged(log: HistoryPorts['log'], turns: readonly Turn[]): Promise<readonly Turn[]> {
  return Promise.all(turns.map(async (turn) => (turn.input ? turn : ((await loggedTurn(log, turn.runId))[0] ?? turn))));
}

async function loggedTurn(log: HistoryPorts['log'], runId: string): Promise<readonly Turn[]> {
  const spec = await log.spec(runId);
  if (!spec) return [];
  let snapshot = EMPTY_SNAPSHOT;
  for (;;) {
    const page = await log.read(runId, snapshot.lastSeq);
    if (page.length === 0) break;
    snapshot = foldAll(page, snapshot);
  }
  if (snapshot.runId !== runId) return [];
  const { messages, input } = spec;
  return [turnOf(snapshot, { messages, ...(input && { items: input }) })];
}
