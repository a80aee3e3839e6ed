import type { Migration } from './migrations/migration.js';
import { MIGRATIONS } from './migrations/registry.js';
import type { SqlDatabase, SqlQueries } from './ports.js';

/** The database was migrated by a newer version of Talaria, so another start does not help. */
export class SchemaTooNewError extends Error {
  override readonly name = 'SchemaTooNewError';
}

/** Any number; the same in every version, so that all replicas wait for each other. */
const ADVISORY_LOCK = 8_642_001;
/**
 * Building an index on a large table takes longer than any other statement may, and so does waiting for the replica
 * that builds it.
 */
const STATEMENT_MS_MAX = 300_000;

/**
 * Brings the schema up to the code, in one transaction under an advisory lock: replicas may start at the same time.
 * Rejects with SchemaTooNewError, and changes nothing, when the database is ahead of the code.
 * @returns the versions that were applied.
 */
export function migrate(db: SqlDatabase, migrations: readonly Migration[] = MIGRATIONS): Promise<readonly number[]> {
  return db.transaction((tx) => migrateIn(tx, migrations), { statementMs: STATEMENT_MS_MAX });
}

async function migrateIn(tx: SqlQueries, migrations: readonly Migration[]): Promise<readonly number[]> {
  await tx.query('select pg_advisory_xact_lock($1::bigint)', [ADVISORY_LOCK]);
  await tx.query(
    `create table if not exists schema_migrations (
      version integer primary key,
      name text not null,
      applied_at timestamptz not null default now()
    )`,
  );
  const [row] = await tx.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from schema_migrations',
  );
  const current = row?.version ?? 0;
  const known = migrations.at(-1)?.version ?? 0;
  if (current > known) {
    throw new SchemaTooNewError(
      `The database has schema version ${current}, this version of Talaria knows ${known}. Run the newer version.`,
    );
  }
  const missing = migrations.filter(({ version }) => version > current);
  for (const { version, name, statements } of missing) {
    for (const statement of statements) await tx.query(statement);
    await tx.query('insert into schema_migrations (version, name) values ($1, $2)', [version, name]);
  }
  return missing.map(({ version }) => version);
}
