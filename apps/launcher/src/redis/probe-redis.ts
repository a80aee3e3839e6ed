import { redisFactsOf, type RedisFacts } from '#libs/contract';
import { Redis } from 'ioredis';

export type RedisProbe =
  | { readonly kind: 'up'; readonly facts: RedisFacts }
  /** It answers, and still reads its data. */
  | { readonly kind: 'loading' }
  | { readonly kind: 'away'; readonly why: string };

/**
 * Asks once, on a connection of its own, for `PROBE_MS` at most. INFO is answered while a server loads; PING is not.
 */
export function probeRedis(url: string): Promise<RedisProbe> {
  return withRedis(url, async (redis) => {
    const facts = redisFactsOf(await redis.info());
    return facts.isLoading ? { kind: 'loading' } : { kind: 'up', facts };
  });
}

/** The data folder of a server that may be asked for its settings; undefined when it does not answer. */
export async function dataDirOf(url: string): Promise<string | undefined> {
  const asked = await withRedis<{ kind: 'dir'; dir: string | undefined }>(url, async (redis) => {
    const reply = (await redis.config('GET', 'dir')) as unknown;
    return { kind: 'dir', dir: Array.isArray(reply) ? String(reply[1]) : undefined };
  });
  return asked.kind === 'dir' ? asked.dir : undefined;
}

const PROBE_MS = 2_000;

type Away = Extract<RedisProbe, { kind: 'away' }>;

async function withRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T | Away> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: PROBE_MS,
    commandTimeout: PROBE_MS,
    // Answers to CONFIG GET are lists then, from every version.
    protocol: 2,
  });
  let socketError: NodeJS.ErrnoException | undefined;
  redis.on('error', (cause: NodeJS.ErrnoException) => (socketError ??= cause));
  try {
    await redis.connect();
    return await ask(redis);
  } catch (cause) {
    const error = socketError ?? (cause as NodeJS.ErrnoException);
    return { kind: 'away', why: error.code ?? error.message };
  } finally {
    // Disconnecting an ended connection would leave a timer behind for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}
