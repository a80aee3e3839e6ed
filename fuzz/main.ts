import { parseArgs } from 'node:util';
import { usageOf } from '../bench/processes.js';
import { startGateway, type Gateway } from './gateway.js';
import { readRoutes, type Operation } from './routes.js';
import { Random } from './random.js';
import { fuzz, type FuzzResult } from './run.js';
import { fuzzShapes } from './shapes.js';

/**
 * npm run fuzz -- [--requests 10000] [--seed 1] [--only chat,runs]
 *
 * Starts the whole gateway and sends so many malformed requests to every group of routes it documents. Fails on a 5xx
 * that is not 503 or 504, on an answer without the error envelope, on silence, on a process that died, and on memory
 * that grew.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
  },
});

/** Growth of one service from the end of the warm-up to the end, after which memory does not count as flat. */
const GROWTH_MB_MAX = 80;
const WARM_UP_REQUESTS = 1_000;
/** Of each shape that takes several connections; they are slow on purpose. */
const SHAPE_ROUNDS = 20;

const memory = (gateway: Gateway): Map<string, number> =>
  new Map([...gateway.services()].map(([name, pid]) => [name, Math.round(usageOf(pid).rssMb)]));

function print(group: string, { requests, statuses, failures, findings }: FuzzResult): void {
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status || 'none'}:${count}`);
  console.log(`${failures === 0 ? 'pass' : 'FAIL'}  ${group.padEnd(14)} ${requests} requests  ${counts.join(' ')}`);
  for (const finding of findings) console.log(`      ${finding}`);
}

async function fuzzAll(gateway: Gateway): Promise<boolean> {
  const only = values.only?.split(',');
  const groups = [...(await readRoutes(gateway.url))].filter(([group]) => only?.includes(group) ?? true);
  const seed = Number(values.seed);
  const { port, keys, isAlive } = gateway;
  const run = (operations: readonly Operation[], requests: number): Promise<FuzzResult> =>
    fuzz({ port, keys, operations, requests, seed, isAlive });
  console.log(`seed ${seed}`);
  await run(groups.flatMap(([, operations]) => operations), WARM_UP_REQUESTS); // prettier-ignore
  const before = memory(gateway);
  let failures = 0;
  for (const [group, operations] of groups) {
    const result = await run(operations, Number(values.requests));
    print(group, result);
    console.log(`      memory of the api: ${memory(gateway).get('api')} MB`);
    failures += result.failures;
  }
  const shapes = only
    ? new Map<string, FuzzResult>()
    : await fuzzShapes({ port, keys, random: new Random(seed), rounds: SHAPE_ROUNDS });
  for (const [name, result] of shapes) {
    print(name, result);
    failures += result.failures;
  }
  const grown = [...memory(gateway)].map(([name, mb]) => ({ name, mb, more: mb - (before.get(name) ?? 0) }));
  console.log(
    `memory (MB): ${grown.map(({ name, mb, more }) => `${name} ${mb} (${more < 0 ? '' : '+'}${more})`).join(', ')}`,
  );
  if (!isAlive()) console.log('FAIL  a service died');
  return failures === 0 && isAlive() && grown.every(({ name, more }) => name === 'redis' || more <= GROWTH_MB_MAX);
}

const gateway = await startGateway();
try {
  process.exitCode = (await fuzzAll(gateway)) ? 0 : 1;
} finally {
  await gateway.stop();
}
