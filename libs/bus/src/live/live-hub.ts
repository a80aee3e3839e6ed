import type { LiveHub, LoggedEvent, Wake } from '#libs/contract';
import type { RedisConnection } from '../redis/connect-redis.js';

/**
 * The live hub on Redis pub/sub. `connection` has the role `subscriber` and is used for nothing else.
 * @param instance this process's name. The hub subscribes to its channel at once and for good.
 */
export function redisLiveHub(connection: RedisConnection, instance: string): LiveHub {
  const { redis, keys } = connection;
  const watchers = new Map<string, Set<Wake>>();
  const wakeAll = (runId: string, events: readonly LoggedEvent[]): void => {
    for (const wake of watchers.get(runId) ?? []) wake(events);
  };

  redis.on('message', (_channel: string, message: string) => {
    for (const [runId, events] of parseMessage(message, (runId) => watchers.has(runId))) wakeAll(runId, events);
  });
  // After a reconnect messages may be missing.
  redis.on('ready', () => {
    for (const runId of watchers.keys()) wakeAll(runId, []);
  });
  // Rejects only when the connection is closed for good; readers poll the log anyway.
  const own = redis.subscribe(keys.live(instance)).catch(() => 0);

  return {
    instance,
    async watch(runId, runInstance, wake) {
      const set = watchers.get(runId) ?? new Set<Wake>();
      watchers.set(runId, set.add(wake));
      const foreign = runInstance !== instance;
      // Ask Redis even for the second watcher: only its reply guarantees that later publishes are received.
      await (foreign ? redis.subscribe(keys.log(runId)) : own);
      return {
        async close() {
          set.delete(wake);
          if (set.size > 0 || watchers.get(runId) !== set) return;
          watchers.delete(runId);
          if (foreign) await redis.unsubscribe(keys.log(runId));
        },
      };
    },
    async close() {
      watchers.clear();
      connection.close();
    },
  };
}

/** The events of runs that are watched here. A line that is not a JSON object is a run id. */
function parseMessage(message: string, isWatched: (runId: string) => boolean): [string, LoggedEvent[]][] {
  const runs: [string, LoggedEvent[]][] = [];
  let events: LoggedEvent[] | undefined;
  for (let start = 0; start < message.length;) {
    const newline = message.indexOf('\n', start);
    const end = newline < 0 ? message.length : newline;
    if (message.charCodeAt(start) !== BRACE) {
      const runId = message.slice(start, end);
      events = isWatched(runId) ? [] : undefined;
      if (events) runs.push([runId, events]);
    } else if (events) {
      events.push(JSON.parse(message.slice(start, end)) as LoggedEvent);
    }
    start = end + 1;
  }
  return runs;
}

const BRACE = '{'.charCodeAt(0);
