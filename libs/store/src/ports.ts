export type SqlScalar = string | number | boolean | null;
/** The possible values of `$1`: a scalar, or a column of scalars for `unnest`. */
export type SqlValue = SqlScalar | readonly SqlScalar[];

export interface SqlQueries {
  /** Runs one statement. `T` is the row as the SQL text names it; bigint columns are cast by the statement itself. */
  query<T>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
}

/**
 * One SQL for both back ends, `postgresDatabase` and `pgliteDatabase`; test/contract/store.suite.ts checks both. Errors
 * of the driver are thrown unchanged; `sqlFault` classifies them.
 */
export interface SqlDatabase extends SqlQueries {
  /** Commits when `work` resolves, rolls back when it rejects. `statementMs` replaces the usual limit inside it. */
  transaction<T>(work: (tx: SqlQueries) => Promise<T>, limits?: { readonly statementMs: number }): Promise<T>;
  close(): Promise<void>;
}
