import type { RedisConnection } from '../redis/connect-redis.js';

/**
 * Hints to the owner of runs that a control record (cancel flag) was written.
 * A hint may be lost: the owner also looks at the flags of its quiet runs every second.
 * @param connection of role `subscriber`.
 * @param look called with the run's id.
 */
export function watchControl(connection: RedisConnection, worker: string, look: (runId: string) => void): void {
  const channel = connection.keys.control(worker);
  connection.redis.on('message', (from: string, runId: string) => {
    if (from === channel) look(runId);
  });
  // Rejects only when the connection is closed for good.
  connection.redis.subscribe(channel).catch(() => 0);
}
