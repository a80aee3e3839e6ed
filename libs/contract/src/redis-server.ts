/** The facts that a Redis server reports about itself. */
export interface RedisFacts {
  /** `7.0.15`; Valkey gives the Redis version it is compatible with. */
  readonly version: string;
  /** Undefined when the server does not tell. */
  readonly evictionPolicy?: string;
  readonly appendOnly?: boolean;
  /** Limit in bytes; 0: none, so Redis takes as much as the machine has. */
  readonly memoryMax?: number;
  readonly isCluster?: boolean;
  /** It follows another server and takes no writes. */
  readonly isReplica?: boolean;
  /** The server answers, but is still loading its data. */
  readonly isLoading?: boolean;
  readonly pid?: number;
}

/** SET with NX and GET together needs 7.0.0, and 7.0 is the oldest version that the tests run with. */
const VERSION_MIN = [7, 0] as const;

/** @param info the reply to INFO. */
export function redisFactsOf(info: string): RedisFacts {
  const lines = info.split('\n').map((line) => /^(\w+):(.*)$/.exec(line.trim()));
  const said = new Map(lines.flatMap((line) => (line ? [[line[1], line[2] ?? ''] as const] : [])));
  const evictionPolicy = said.get('maxmemory_policy');
  const appendOnly = said.get('aof_enabled');
  const memoryMax = said.get('maxmemory');
  const pid = Number(said.get('process_id'));
  return {
    version: said.get('redis_version') ?? '0',
    isCluster: said.get('cluster_enabled') === '1',
    isReplica: said.get('role') === 'slave',
    isLoading: said.get('loading') === '1',
    ...(evictionPolicy !== undefined && { evictionPolicy }),
    ...(appendOnly !== undefined && { appendOnly: appendOnly === '1' }),
    ...(memoryMax !== undefined && { memoryMax: Number(memoryMax) }),
    ...(pid > 0 && { pid }),
  };
}

/** Why this server would lose runs or cannot be used, one or two sentences each. Empty when it is fit. */
export function redisRefusals({ version, evictionPolicy, isCluster, isReplica }: RedisFacts): readonly string[] {
  const refusals: string[] = [];
  if (!isAtLeast(version, VERSION_MIN)) {
    refusals.push(`Redis ${version} is too old; ${VERSION_MIN.join('.')} or newer is needed.`);
  }
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    refusals.push(
      `Redis has maxmemory-policy ${evictionPolicy} and may throw queued runs away. ` +
        'Set it to noeviction: redis-cli CONFIG SET maxmemory-policy noeviction (and in its configuration file).',
    );
  }
  // One call appends to the logs of many runs, and their keys would lie on different nodes.
  if (isCluster === true) {
    refusals.push('Redis is a cluster (cluster-enabled yes), which Talaria cannot use. Give it a single server.');
  }
  if (isReplica === true) {
    refusals.push('Redis is a replica, which takes no writes. Give the address of its primary.');
  }
  return refusals;
}

/** What an operator should know about a usable server, one or two sentences each. */
export function redisWarnings({ appendOnly, memoryMax }: RedisFacts): readonly string[] {
  const warnings: string[] = [];
  if (appendOnly === false) {
    warnings.push(
      'Redis keeps no append-only file: when it stops, queued and running runs are lost. Set appendonly yes.',
    );
  }
  // Without a limit no request is refused in time: the machine runs out of memory, and Redis fails with it.
  if (memoryMax === 0) {
    warnings.push(
      'Redis has no maxmemory, so large requests can use up the memory of its machine. ' +
        'Set one: redis-cli CONFIG SET maxmemory 1gb (and in its configuration file).',
    );
  }
  return warnings;
}

function isAtLeast(version: string, [majorMin, minorMin]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}
