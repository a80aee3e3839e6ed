const ROW = /^ {0,3}\|.*\|\s*$/;
const RULE = /^ {0,3}\|[\s:|-]+\|\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** Puts tables into blocks of code, for a platform that shows none: their columns stay under each other. */
export function fenceTables(markdown: string): string {
  const lines = markdown.split('\n');
  const out: string[] = [];
  let fence: string | undefined;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const [, sign] = FENCE.exec(line) ?? [];
    if (sign !== undefined) fence = fence === undefined ? sign : line.trim().startsWith(fence) ? undefined : fence;
    const isTable = fence === undefined && ROW.test(line) && RULE.test(lines[i + 1] ?? '');
    if (!isTable) {
      out.push(line);
      continue;
    }
    const end = lines.findIndex((one, at) => at > i && !ROW.test(one));
    const rows = lines.slice(i, end < 0 ? lines.length : end);
    out.push('```', ...rows, '```');
    i += rows.length - 1;
  }
  return out.join('\n');
}
