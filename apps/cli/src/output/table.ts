export type Cell = string | number | boolean | null | undefined;

const GAP = '  ';
/** A cell is a hint; `--json` has all of it. */
const CELL_CHARS_MAX = 60;

/** Rows under titles, each column as wide as its widest cell; numbers stand at the right of their column. */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [titles, ...rows].map((row) => titles.map((_, column) => cellText(row[column])));
  const widths = titles.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const isNumber = titles.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) =>
        isNumber[column] === true ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
      )
      .join(GAP)
      .trimEnd();
  return texts.map(line).join('\n');
}

/** Names and values, one under the other; what is not there is left out. */
export function facts(pairs: readonly (readonly [name: string, value: Cell])[]): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${String(value)}`).join('\n');
}

/**
 * Any list of objects: a column for each field that one of them has, in the order of their appearance. The scalars of
 * an object inside stand beside the others, and a list of scalars in one cell.
 */
export function objectsTable(objects: readonly object[], left: ReadonlySet<string> = new Set()): string {
  const rows = objects.map(flat);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !left.has(name));
  return table(
    names,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function flat(object: object): Record<string, Cell> {
  const pairs = Object.entries(object).flatMap(([name, value]: [string, unknown]): (readonly [string, Cell])[] => {
    if (isCell(value)) return [[name, value]];
    if (Array.isArray(value))
      return [[name, value.map((each) => (isCell(each) ? each : JSON.stringify(each))).join(', ')]];
    return Object.entries(value as object).filter((pair): pair is [string, Cell] => isCell(pair[1]));
  });
  return Object.fromEntries(pairs);
}

const isCell = (value: unknown): value is Cell => typeof value !== 'object' || value === null;

function cellText(cell: Cell): string {
  const text = String(cell ?? '-').replace(/\s+/g, ' ');
  return text.length > CELL_CHARS_MAX ? `${text.slice(0, CELL_CHARS_MAX - 1)}…` : text;
}

/** `2026-11-30 18:03:37` in the time zone of this machine; the API gives seconds since the epoch, or ISO 8601. */
export function localTime(time: number | string | null | undefined): string | undefined {
  if (time === null || time === undefined) return undefined;
  const date = new Date(typeof time === 'number' ? time * 1_000 : time);
  if (Number.isNaN(date.getTime())) return String(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/** `2026-11-30 08:30 Europe/Berlin`: an ISO time in the zone of a job, which the machine at hand need not be in. */
export function zonedTime(time: string | null, timeZone: string): string | undefined {
  if (time === null) return undefined;
  const form = { dateStyle: 'short', timeStyle: 'short', timeZone } as const;
  // Swedes write dates as ISO 8601 does.
  return `${new Date(time).toLocaleString('sv-SE', form)} ${timeZone}`;
}
