import { Redis } from 'ioredis';

/** What a server says about itself. */
export interface RedisFacts {
  /** `7.0.15`; Valkey gives the Redis version it is compatible with. */
  readonly version: string;
  /** Undefined when the server does not tell. */
  readonly evictionPolicy?: string;
  readonly appendOnly?: boolean;
  readonly pid?: number;
}

export type RedisProbe =
  | { readonly kind: 'up'; readonly facts: RedisFacts }
  /** It answers, and still reads its data. */
  | { readonly kind: 'loading' }
  | { readonly kind: 'away'; readonly why: string };

/** Asks once, on a connection of its own, for `PROBE_MS` at most. INFO is answered while a server loads; PING is not. */
export function probeRedis(url: string): Promise<RedisProbe> {
  return withRedis(url, async (redis) => {
    const info = parseInfo(await redis.info());
    if (info.get('loading') === '1') return { kind: 'loading' };
    return { kind: 'up', facts: factsOf(info) };
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
    // Ending what has ended would leave a timer behind for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return new Map(lines.flatMap((line) => (/^(\w+):(.*)$/.exec(line) ? [splitOnce(line)] : [])));
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1)];
}

function factsOf(info: ReadonlyMap<string, string>): RedisFacts {
  const evictionPolicy = info.get('maxmemory_policy');
  const appendOnly = info.get('aof_enabled');
  const pid = Number(info.get('process_id'));
  return {
    version: info.get('redis_version') ?? '0',
    ...(evictionPolicy !== undefined && { evictionPolicy }),
    ...(appendOnly !== undefined && { appendOnly: appendOnly === '1' }),
    ...(pid > 0 && { pid }),
  };
}
