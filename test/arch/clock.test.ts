import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const tests = join(import.meta.dirname, '..');
/** An upper bound for elapsed time or a cost breaks on a busy machine; lower bounds and time-outs hold anywhere. */
const COMPARISONS = [
  /cpuUsage\(/,
  /toBeLessThan(OrEqual)?\(\s*withSlack\(/,
  /expect\([^;]*(performance|Date)\.now\(\)[^;]*\)\s*\.toBeLessThan/,
];

const compares = (source: string): boolean => COMPARISONS.some((pattern) => pattern.test(source));

test('no test has an upper bound for elapsed time or CPU', () => {
  const files = ['unit', 'contract', 'e2e', 'golden'].flatMap((folder) =>
    readdirSync(join(tests, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const sources = files.filter((name) => name.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((name) => compares(readFileSync(join(tests, name), 'utf8')))).toEqual([]);
});

test.each([
  ['expect(Date.now() - before).toBeLessThan(1_000);', true],
  ['expect(\n  performance.now() - at,\n).toBeLessThanOrEqual(5);', true],
  ['expect(ms).toBeLessThan(withSlack(250));', true],
  ['const before = process.cpuUsage();', true],
  ['expect(Date.now() - before).toBeGreaterThan(90);', false],
  ['expect(size).toBeLessThan(10); const at = Date.now();', false],
])('%j: %s', (source, found) => {
  expect(compares(source)).toBe(found);
});
