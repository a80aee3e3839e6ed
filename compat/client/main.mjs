// node main.mjs NAME: runs every cell of one client and prints each as a line of JSON. COMPAT_LAB says where the
// gateway is (`Whereabouts` of ../lab.ts).
import { readFileSync } from 'node:fs';
import { FEATURES, runCell } from './cells.mjs';
import { CLIENTS } from './clients.mjs';
import { labOf } from './lab.mjs';

const CELL_MS_MAX = { sdk: 60_000, cli: 500_000 };

const [, , name, only] = process.argv;
const entry = CLIENTS.find((one) => one.name === name);
if (!entry) throw new Error(`no client is named ${name}`);
const { protocols } = (await import(entry.file)).default(entry);
const lab = labOf(JSON.parse(process.env.COMPAT_LAB));
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// A client that drops an error where nobody hears it would end this process, and with it the other cells.
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${String(error).slice(0, 500)}\n`));
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${String(error).slice(0, 500)}\n`));

const cells = Object.entries(protocols).flatMap(([protocol, features]) =>
  Object.keys(FEATURES)
    .filter((feature) => !only || only.split(',').includes(feature))
    .map((feature) => ({ protocol, feature, check: features[feature] })),
);
const runOne = async ({ protocol, feature, check }) =>
  print({ protocol, feature, ...(await runCell(check, lab, CELL_MS_MAX[entry.kind])) });
const version = (file) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${file}/package.json`, import.meta.url))).version;
print({ versions: Object.fromEntries(entry.packages.map((file) => [file, version(file)])) });
// Agents take a processor each, and each has a folder of its own; SDKs only wait.
const places = entry.kind === 'cli' ? 2 : cells.length;
const queue = [...cells];
await Promise.all(
  Array.from({ length: places }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await runOne(next);
  }),
);
print({ done: true });
process.exit(0);
