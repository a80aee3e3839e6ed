import { LIMITS, type SpendLedger } from '#libs/contract';

/** The key of a fund's sum, beside those of its runs. */
const SUM = 'sum';

interface Row {
  readonly spent: number;
  readonly reserved: number;
  /** The reservation counts until then: milliseconds of `now`. */
  readonly till: number;
}

/** The ledger in memory, for tests. It forgets no fund. */
export function memorySpendLedger(reservedMs = LIMITS.spendReservedSeconds * 1_000, now = Date.now): SpendLedger {
  const funds = new Map<string, Map<string, Row>>();
  const rowsOf = (fund: string): Map<string, Row> => {
    const rows = funds.get(fund) ?? new Map<string, Row>();
    funds.set(fund, rows);
    return rows;
  };
  const amountOf = ({ spent, reserved, till }: Row): number => spent + (till > now() ? reserved : 0);
  const othersOf = (rows: ReadonlyMap<string, Row>, runId: string): number =>
    [...rows].reduce((sum, [id, row]) => (id === runId ? sum : sum + amountOf(row)), 0);
  const put = (rows: Map<string, Row>, runId: string, row: Row): void => {
    const others = othersOf(rows, runId);
    const runs = [...rows.keys()].filter((id) => id !== runId && id !== SUM).length;
    if (runs >= LIMITS.spendFundRunsMax) {
      rows.clear();
      rows.set(SUM, spentRow(others));
    }
    rows.set(runId, row);
  };
  return {
    async reserve(fund, runId, { spent, min, want, limit }) {
      const rows = rowsOf(fund);
      const granted = Math.min(want, limit - othersOf(rows, runId) - spent);
      if (granted < min) return undefined;
      put(rows, runId, { spent, reserved: granted, till: now() + reservedMs });
      return granted;
    },
    settle: async (fund, runId, spent) => put(rowsOf(fund), runId, spentRow(spent)),
    async close(fund, runId) {
      const rows = rowsOf(fund);
      const row = rows.get(runId);
      if (!row) return;
      rows.delete(runId);
      rows.set(SUM, spentRow((rows.get(SUM)?.spent ?? 0) + row.spent));
    },
  };
}

const spentRow = (spent: number): Row => ({ spent, reserved: 0, till: 0 });
