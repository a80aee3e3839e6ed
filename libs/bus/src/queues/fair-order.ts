import type { Lane, QueuePlaceRequest } from '#libs/contract';
import { runScript, type RedisConnection } from '../redis/connect-redis.js';
import { PLACE, STARTED } from '../scripts/admission-scripts.js';

/**
 * The order in which waiting runs are started: start-time fair queueing between keys, with a weight per lane.
 *
 * While runs wait, each gets a tag: that of its key's run before it, or of the run that was started last if that is
 * later, plus the cost of its lane. The smallest tag starts first. So a key with a thousand waiting runs and a key with
 * one take turns, four foreground runs are started for each one in the background, and nothing waits for ever, because
 * later runs get larger tags. Tags begin anew when nothing waits and nothing was given a place for a while.
 *
 * The tag is the job's priority in BullMQ, where 0 means before all others: that is for runs that find a free
 * worker, and for those that have been started before.
 */
export const LANE_COST: Readonly<Record<Lane, number>> = { interactive: 1, background: 4 };

/**
 * The largest tag, which is BullMQ's largest priority. A backlog that never ends within so many turns becomes first
 * come, first served.
 */
const TAG_MAX = 2_097_151;
const FULL = -1;
/** A run that was given a place is in the queue by then, or never comes: the deadline of `enqueue`. */
const QUIET_MS = 2_500;

/** The tag of a key's next run; undefined when more than `waitingMax` of its runs wait in this lane. */
export async function nextTag(
  connection: RedisConnection,
  bullKeys: { readonly wait: string; readonly prioritized: string },
  { owner, lane, waitingMax }: QueuePlaceRequest,
): Promise<number | undefined> {
  const keys = [connection.keys.fairOrder, bullKeys.wait, bullKeys.prioritized];
  const args = [`${lane}:${owner}`, LANE_COST[lane], waitingMax, TAG_MAX, QUIET_MS];
  const tag = Number(await runScript(connection.redis, PLACE, keys, args));
  return tag === FULL ? undefined : tag;
}

/** The run with this tag was started. Losing one only lets later runs begin a little further back. */
export async function noteStarted(connection: RedisConnection, tag: number): Promise<void> {
  await runScript(connection.redis, STARTED, [connection.keys.fairOrder], [tag]);
}
