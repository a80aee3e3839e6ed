import type { RedisConnection } from '../redis/connect-redis.js';

/**
 * Hints to this worker that the cancel flag of one of its runs was set. A hint may be lost, so the worker also reads
 * the flags of its silent runs every second.
 * @param connection of role `subscriber`.
 * @param look called with the run's id; reads the flag.
 */
export function watchControl(connection: RedisConnection, worker: string, look: (runId: string) => void): void {
  const channel = connection.keys.control(worker);
  connection.redis.on('message', (from: string, runId: string) => {
    if (from === channel) look(runId);
  });
  // Rejects only when the connection is closed for good.
  connection.redis.subscribe(channel).catch(() => 0);
}
