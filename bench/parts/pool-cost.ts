import { connectRedis, memoryPool, redisPoolShare, type RedisConnection } from '#libs/bus';
import type { ModelCandidate, ModelEvent, ModelRoute } from '#libs/contract';
import { modelRoute, pooledRoute, RefusedMemory, UpstreamPool } from '#libs/providers';
import { createHash } from 'node:crypto';
import { startRedis } from '../../test/support/redis.js';

const REQUESTS = 1_000;
const WARM_UP = 500;
const AT_ONCE = 50;
const ROUNDS = 3;
const SIGNAL = new AbortController().signal;

/** What one request costs beside the same request to one upstream. */
export interface PoolCost {
  readonly name: string;
  /** Milliseconds of CPU a request, of this process and of Redis: median of the rounds. */
  readonly cpuMs: number;
  /** Above the first row, in the same round. */
  readonly moreMs: number;
  /** Waits for Redis before the model is asked, of a request that is alone; one of them is the claim of the run. */
  readonly waits: number;
  readonly commands: number;
}

interface Manner {
  readonly name: string;
  readonly route: ModelRoute;
  /** Called before the claim, as the worker does. */
  begin(key: string): () => void;
  /** Sessions under way. */
  readonly sessions: number;
}

/**
 * One upstream beside pools of five, in turn in every round, on a real Redis. A request here is what a worker does
 * around one model call: a claim (a stand-in of one command), the choice and the place, an answer of two events.
 */
export async function poolCosts(): Promise<PoolCost[]> {
  const server = await startRedis();
  const connection = connectRedis({ url: server.url, prefix: 'bench', role: 'worker' });
  try {
    const manners = mannersOn(connection);
    for (const manner of manners) await drive(connection, manner, WARM_UP);
    const rounds: number[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const row: number[] = [];
      for (const manner of manners) row.push(await cpuOf(connection, manner));
      rounds.push(row);
    }
    const costs: PoolCost[] = [];
    for (const [i, manner] of manners.entries()) {
      const cpuMs = median(rounds.map((row) => row[i] ?? 0));
      const moreMs = median(rounds.map((row) => (row[i] ?? 0) - (row[0] ?? 0)));
      costs.push({ name: manner.name, cpuMs, moreMs, ...(await tripsOf(connection, manner)) });
    }
    return costs;
  } finally {
    connection.close();
    await server.stop();
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function mannersOn(connection: RedisConnection): Manner[] {
  const poolOf = (name: string, inFlightMax?: number): UpstreamPool => {
    const members = ['a', 'b', 'c', 'd', 'e'].map((upstream) => {
      const bound = inFlightMax !== undefined && { inFlightMax };
      return { candidate: candidateOf(upstream), priority: 0, weight: 1, ...bound };
    });
    return new UpstreamPool(name, members, {
      share: redisPoolShare(connection, 'bench'),
      own: memoryPool().of('bench'),
      news: {
        chosen: () => undefined,
        answered: () => undefined,
        cooled: () => undefined,
        shareFailed: () => process.stderr.write('Redis did not answer in time; this row says nothing\n'),
      },
      now: () => performance.now(),
    });
  };
  const refused = new RefusedMemory();
  const pooled = (name: string, pool: UpstreamPool, sessions: number): Manner => ({
    name,
    sessions,
    route: pooledRoute(pool, refused),
    begin: (key) => pool.prepare(createHash('sha256').update(key).digest('hex')),
  });
  return [
    {
      name: 'one upstream',
      sessions: 100,
      route: modelRoute('one', [candidateOf('a')], refused),
      begin: () => () => undefined,
    },
    pooled('a pool of five, sessions under way', poolOf('five'), 100),
    pooled('the same, each request of a new session', poolOf('new'), Infinity),
    pooled('the same, with max_in_flight', poolOf('bounded', 1_000), 100),
  ];
}

function candidateOf(upstream: string): ModelCandidate {
  const usage = { inputTokens: 100, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
  const answer: readonly ModelEvent[] = [
    { type: 'text', text: 'yes' },
    { type: 'end', finishReason: 'stop', usage },
  ];
  const provider = {
    upstream,
    listModels: async () => [],
    async *stream() {
      yield* answer;
    },
  };
  return { provider, model: 'big' };
}

async function cpuOf(connection: RedisConnection, manner: Manner): Promise<number> {
  const [own, redis] = [process.cpuUsage(), await redisCpuMs(connection)];
  await drive(connection, manner, REQUESTS);
  const { user, system } = process.cpuUsage(own);
  return ((user + system) / 1_000 + (await redisCpuMs(connection)) - redis) / REQUESTS;
}

let asked = 0;

async function drive(connection: RedisConnection, manner: Manner, requests: number): Promise<void> {
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) await request(connection, manner);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

/** @param onAsked called when the model is asked. */
async function request(
  { redis }: RedisConnection,
  { route, begin, sessions }: Manner,
  onAsked?: () => void,
): Promise<void> {
  const n = asked++;
  const key = `session ${sessions === Infinity ? n : n % sessions}`;
  const release = begin(key);
  await redis.hget('claim', key);
  const { candidate } = await route.next(undefined, key, SIGNAL, 100);
  onAsked?.();
  const question = { system: '', messages: [], tools: [], toolChoice: { kind: 'auto' }, sampling: {} } as const;
  const events = candidate.provider.stream({ ...question, model: 'big', affinity: key, signal: SIGNAL });
  for await (const event of events) if (event.type === 'end') break;
  release();
}

/** Of requests one after another: commands of one turn of the event loop travel together, which is one wait. */
async function tripsOf({ redis, ...rest }: RedisConnection, manner: Manner) {
  const requests = 200;
  let [commands, waits, isOpen, counts] = [0, 0, false, false];
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (...call) => {
    commands++;
    if (counts && !isOpen) waits++;
    isOpen = true;
    setImmediate(() => (isOpen = false));
    return send(...call);
  };
  for (let i = 0; i < requests; i++) {
    counts = true;
    await request({ redis, ...rest }, manner, () => (counts = false));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  redis.sendCommand = send;
  return { waits: waits / requests, commands: commands / requests };
}

async function redisCpuMs({ redis }: RedisConnection): Promise<number> {
  const text = await redis.info('cpu');
  const of = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1]);
  return (of('used_cpu_user') + of('used_cpu_sys')) * 1_000;
}
