export { FolderLockedError } from './folder-lock.js';
export { migrate, SchemaTooNewError } from './migrate.js';
export { pgliteDatabase } from './pglite.js';
export type { SqlDatabase, SqlQueries, SqlScalar, SqlValue } from './ports.js';
export { postgresDatabase, type PostgresSettings } from './postgres.js';
export { deleteRunsBefore, getRun, listRuns, upsertRuns, type RunFilter, type RunPage } from './run-rows.js';
export { sqlFault, type SqlFault } from './sql-fault.js';
