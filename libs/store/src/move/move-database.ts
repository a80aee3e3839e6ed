import { migrate } from '../migrate.js';
import type { SqlDatabase, SqlQueries } from '../ports.js';

/** Why the rows cannot be moved, in words for a terminal. Nothing was changed. */
export class MoveRefusedError extends Error {
  override readonly name = 'MoveRefusedError';
}

/** Rows that are read and written at a time: a few of the largest runs must fit into memory. */
const ROWS_MAX = 50;
/** A table's index grows with each batch; nobody waits for this but the operator. */
const STATEMENT_MS_MAX = 300_000;
/** Kept by `migrate` itself. */
const OWN_TABLE = 'schema_migrations';

/** A table, and how many rows of it were moved. */
export interface MovedTable {
  readonly table: string;
  readonly rows: number;
}

/**
 * Copies all rows of one database into another, empty one, in one transaction there: all of them or none. Both are
 * brought up to this version first. Nobody else may write to `from` meanwhile: the lock on its folder sees to that.
 * Throws MoveRefusedError when `to` has rows, or holds other numbers of rows at the end. `onTable` hears of each table.
 */
export async function moveDatabase(
  from: SqlDatabase,
  to: SqlDatabase,
  onTable: (moved: MovedTable) => void = () => undefined,
): Promise<readonly MovedTable[]> {
  await migrate(from);
  await migrate(to);
  return to.transaction(
    async (target) => {
      const tables = await tablesOf(target);
      for (const table of tables) await assertEmpty(target, table);
      const moved: MovedTable[] = [];
      for (const table of tables) {
        const rows = await from.transaction((source) => copyTable(source, target, table));
        moved.push({ table, rows });
        onTable({ table, rows });
      }
      return moved;
    },
    { statementMs: STATEMENT_MS_MAX },
  );
}

/** Tables of the schema in the order in which they can be filled: what a foreign key leads to comes first. */
async function tablesOf(db: SqlQueries): Promise<string[]> {
  const names = await db.query<{ name: string }>(
    `select tablename::text as name from pg_tables where schemaname = current_schema() and tablename <> $1 order by 1`,
    [OWN_TABLE],
  );
  const keys = await db.query<{ child: string; parent: string }>(
    `select c.relname::text as child, p.relname::text as parent
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
      where k.contype = 'f'`,
  );
  const ordered: string[] = [];
  const add = (name: string): void => {
    if (ordered.includes(name)) return;
    for (const { child, parent } of keys) if (child === name && parent !== name) add(parent);
    ordered.push(name);
  };
  for (const { name } of names) add(name);
  return ordered;
}

async function assertEmpty(db: SqlQueries, table: string): Promise<void> {
  const rows = await db.query(`select 1 as one from ${quoted(table)} limit 1`);
  if (rows.length === 0) return;
  throw new MoveRefusedError(`The database at DATABASE_URL has rows already (table ${table}). Name an empty one.`);
}

/** @returns the number of rows. A cursor keeps a large table out of memory. */
async function copyTable(source: SqlQueries, target: SqlQueries, table: string): Promise<number> {
  await source.query(`declare rows_to_move cursor for select row_to_json(t)::text as row from ${quoted(table)} t`);
  let copied = 0;
  for (;;) {
    const rows = await source.query<{ row: string }>(`fetch ${ROWS_MAX} from rows_to_move`);
    if (rows.length === 0) break;
    await target.query(
      `insert into ${quoted(table)} select * from json_populate_recordset(null::${quoted(table)}, $1::json)`,
      [`[${rows.map(({ row }) => row).join(',')}]`],
    );
    copied += rows.length;
  }
  await source.query('close rows_to_move');
  const [count] = await target.query<{ rows: number }>(`select count(*)::int as rows from ${quoted(table)}`);
  if (count?.rows === copied) return copied;
  throw new MoveRefusedError(`The table ${table} has ${count?.rows ?? 0} rows after the move of ${copied}.`);
}

/** The names are those of our own migrations. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
