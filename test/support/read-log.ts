import type { LoggedEvent } from '#libs/contract';
import { Redis } from 'ioredis';

/** All events of a run, as they lie in Redis; empty for a run that it does not know. */
export async function readLog(redis: Redis, runId: string): Promise<LoggedEvent[]> {
  const rows = await redis.xrange(`talaria:{${runId}}:log`, '-', '+');
  return rows.map(([, fields]) => JSON.parse(fields[1] ?? '') as LoggedEvent);
}

/** The same over a connection of its own. */
export async function readLogAt(url: string, runId: string): Promise<LoggedEvent[]> {
  const redis = new Redis(url);
  try {
    return await readLog(redis, runId);
  } finally {
    redis.disconnect();
  }
}
