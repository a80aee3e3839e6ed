import pg from 'pg';
import type { SqlDatabase, SqlQueries, SqlValue } from './ports.js';

/** Connections of one store process. Four batches are written at a time; the rest is for reads. */
const POOL_SIZE_MAX = 8;
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 5_000;
/** Added to the server's own limit: behind a broken network, its message that it gave up never arrives. */
const ANSWER_GRACE_MS = 2_000;

export interface PostgresSettings {
  /** postgres://user:password@host:port/database?sslmode=... */
  readonly url: string;
  /** Called for connections that broke while idle. */
  onError?(cause: Error): void;
}

/** Rows in Postgres. Connects at the first call, and again after a failure. A call that cannot connect rejects. */
export function postgresDatabase({ url, onError }: PostgresSettings): SqlDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'talaria-store',
    max: POOL_SIZE_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: STATEMENT_MS_MAX + ANSWER_GRACE_MS,
    keepAlive: true,
  });
  const told = (cause: Error): void => onError?.(cause);
  pool.on('error', told);
  return {
    query: (sql, params) => ask(pool, { sql, params }),
    transaction: async (work, limits) => {
      const client = await pool.connect();
      // A connection that breaks between two statements emits `error`, which would end the process without a listener.
      client.on('error', told);
      let isUsable = false;
      try {
        const result = await inTransaction(client, work, limits?.statementMs ?? STATEMENT_MS_MAX);
        isUsable = true;
        return result;
      } finally {
        client.off('error', told);
        // After a failure the state of the connection is unknown. Ending it also rolls back.
        client.release(!isUsable);
      }
    },
    close: () => pool.end(),
  };
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (tx: SqlQueries) => Promise<T>,
  statementMs: number,
): Promise<T> {
  const timeoutMs = statementMs + ANSWER_GRACE_MS;
  const tx: SqlQueries = { query: (sql, params) => ask(client, { sql, params, timeoutMs }) };
  await tx.query('begin');
  await tx.query(`select set_config('statement_timeout', $1, true)`, [String(statementMs)]);
  const result = await work(tx);
  await tx.query('commit');
  return result;
}

interface Question {
  readonly sql: string;
  readonly params: readonly SqlValue[] | undefined;
  readonly timeoutMs?: number;
}

async function ask<T>(target: pg.Pool | pg.PoolClient, { sql, params = [], timeoutMs }: Question): Promise<T[]> {
  const config = { text: sql, values: [...params], ...(timeoutMs !== undefined && { query_timeout: timeoutMs }) };
  const result = await target.query(config);
  return result.rows as T[];
}
