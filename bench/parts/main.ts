import { msOf } from './measure.js';
import { COMPARISONS, GROWTHS } from './parts.js';
import { poolCosts } from './pool-cost.js';

/**
 * npm run bench:parts
 *
 * Measures single parts and prints ratios, which say the same on every machine: a part beside its floor, and how the
 * cost of a part grows when its input doubles (2 is linear, 4 is quadratic). Nothing fails here; read it after a change
 * to one of these parts.
 */
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const NAME_COLUMNS = 52;

print('cost of a part, in multiples of its floor');
for (const { name, against, part, floor } of COMPARISONS) {
  const [partMs, floorMs] = [msOf(part), msOf(floor)];
  print(`  ${name.padEnd(NAME_COLUMNS)}${(partMs / floorMs).toFixed(2).padStart(6)}  of ${against}`);
}
print('growth of the cost when the input doubles: 2 is linear, 4 is quadratic');
for (const { name, size, work } of GROWTHS) {
  const [once, twice] = [msOf(work(size)), msOf(work(2 * size))];
  print(`  ${name.padEnd(NAME_COLUMNS)}${(twice / once).toFixed(2).padStart(6)}  ${once.toFixed(2)} ms for ${size}`);
}
print('CPU of a request around the model call, in ms, with Redis; a pool may cost 0.3 more than one upstream');
for (const { name, cpuMs, moreMs, waits, commands } of await poolCosts()) {
  const trips = `waits ${waits.toFixed(2)}, commands ${commands.toFixed(2)}`;
  print(`  ${name.padEnd(NAME_COLUMNS)}${cpuMs.toFixed(3).padStart(6)}  +${moreMs.toFixed(3)}  ${trips}`);
}
