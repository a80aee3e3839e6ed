import { parseArgs } from 'node:util';
import { stopPostgres } from './lab.js';
import { ROWS } from './rows.js';
import type { Row } from './row.js';

/**
 * `npm run chaos`: breaks real processes row by row of the fault table and prints what came of it.
 *   --only P1,R2   these rows      --list   only their names      --times 3   each so often
 */
const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean' }, times: { type: 'string', default: '1' } },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function attempt({ id, what, run }: Row): Promise<boolean> {
  const began = performance.now();
  const tell = (verdict: string, figures: string): void => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    print(`${verdict}  ${id.padEnd(4)} ${what}\n           ${figures} [${seconds} s]`);
  };
  try {
    tell('pass', await run());
    return true;
  } catch (cause) {
    tell('FAIL', cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    return false;
  }
}

const wanted = values.only?.split(',');
const rows = ROWS.filter(({ id }) => !wanted || wanted.includes(id));
if (values.list) {
  for (const { id, what } of rows) print(`${id.padEnd(4)} ${what}`);
  process.exit(0);
}
let failed = 0;
for (const row of rows) {
  for (let i = 0; i < Number(values.times); i++) if (!(await attempt(row))) failed++;
}
await stopPostgres();
print(failed === 0 ? `all ${rows.length} rows hold` : `${failed} FAILED`);
process.exit(failed === 0 && rows.length > 0 ? 0 : 1);
