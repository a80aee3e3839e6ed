import { GatewayError } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { FolderLockedError, SchemaTooNewError, type SqlDatabase } from '#libs/store';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;

export interface OpenDatabaseSettings {
  connect(): Promise<SqlDatabase>;
  /** Brings the schema up to date. */
  prepare(db: SqlDatabase): Promise<unknown>;
  readonly logger: Logger;
  /** The first pause between two attempts; it doubles up to five seconds. */
  readonly retryMs?: number;
}

export interface OpeningDatabase {
  /** Rejects every call with GatewayError `unavailable` until the database is open. */
  readonly db: SqlDatabase;
  /**
   * True once the database is open, false when it was closed before that. Rejects with FolderLockedError or
   * SchemaTooNewError, because waiting cannot repair those. Every other failure is retried for ever.
   */
  readonly opened: Promise<boolean>;
}

/** Opens a database in the background, however long that takes. */
export function openDatabase(settings: OpenDatabaseSettings): OpeningDatabase {
  const closing = new AbortController();
  let open: SqlDatabase | undefined;
  const opened = keepTrying(settings, closing.signal).then((db) => {
    open = db;
    return db !== undefined;
  });
  // `close` waits for this as well. `opened` itself reports a failure.
  const settled = opened.catch(() => false);
  const current = async (): Promise<SqlDatabase> => {
    if (open) return open;
    throw new GatewayError('unavailable', 'The store is waiting for its database.', { retryAfterSeconds: 2 });
  };
  const db: SqlDatabase = {
    query: async (sql, params) => (await current()).query(sql, params),
    transaction: async (work, limits) => (await current()).transaction(work, limits),
    close: async () => {
      closing.abort();
      await settled;
      await open?.close();
    },
  };
  return { db, opened };
}

async function keepTrying(settings: OpenDatabaseSettings, signal: AbortSignal): Promise<SqlDatabase | undefined> {
  const { logger, retryMs = RETRY_MS } = settings;
  for (let pauseMs = retryMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
    try {
      return await openOnce(settings);
    } catch (cause) {
      if (cause instanceof FolderLockedError || cause instanceof SchemaTooNewError) throw cause;
      logger.warn({ err: cause, retryMs: pauseMs }, 'the database is not available');
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // Only rejects when it is cut short.
  }
  return undefined;
}

async function openOnce({ connect, prepare }: OpenDatabaseSettings): Promise<SqlDatabase> {
  const db = await connect();
  try {
    await prepare(db);
    return db;
  } catch (cause) {
    await db.close();
    throw cause;
  }
}
