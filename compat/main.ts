import { parseArgs } from 'node:util';
import { install } from './install.js';
import { startLab } from './lab.js';
import { clients, failuresOf, runClient, type Column } from './matrix.js';
import { keep } from './results.js';

/**
 * `npm run compat`: runs every client against real processes of the gateway and writes docs/compatibility.md.
 *   --short                  the libraries alone
 *   --only Codex,opencode    these clients
 * What a client did is kept in compat/results.json until it runs again. Exits with 1 when a cell failed.
 */
const { values } = parseArgs({ options: { short: { type: 'boolean' }, only: { type: 'string' } } });
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const wanted = values.only?.split(',');
const all = await clients();
const chosen = all.filter(({ name, kind }) => (wanted ? wanted.includes(name) : !values.short || kind === 'sdk'));
if (chosen.length === 0) throw new Error(`--only takes some of: ${all.map(({ name }) => name).join(', ')}`);
print('installing the clients ...');
await install(chosen.some(({ kind }) => kind === 'cli') ? 'all' : 'sdk');
const lab = await startLab();
const columns: Column[] = [];
try {
  for (const client of chosen) {
    const began = performance.now();
    const column = await runClient(client, lab);
    columns.push(column);
    await keep([{ ...column, date: new Date().toISOString().slice(0, 10) }]);
    const failures = failuresOf(column);
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    print(`${failures.length === 0 ? 'pass' : 'FAIL'}  ${client.name}: ${column.cells.length} cells [${seconds} s]`);
    for (const failure of failures) print(`      ${failure}`);
  }
} finally {
  await lab.stop();
}
print('docs/compatibility.md is written');
process.exit(columns.some((column) => failuresOf(column).length > 0) ? 1 : 0);
