import type { Lane, QueuePlaceRequest } from '#libs/contract';
import { runScript, type RedisConnection } from '../redis/connect-redis.js';
import { PLACE, STARTED } from '../scripts/admission-scripts.js';

/**
 * The order in which waiting runs start: start-time fair queueing between keys, with a weight per lane.
 *
 * While runs wait, each gets a tag. It is the larger one of the tag of its key's previous run and the tag of the run
 * that started last, plus the cost of its lane. The smallest tag starts first. So a key with a thousand waiting runs
 * and a key with one take turns, four interactive runs start for each background run, and no run waits for ever,
 * because later runs get larger tags. Tags start over when no run waits and none was placed for a while.
 *
 * The tag is the job's priority in BullMQ, where 0 goes before all others. Runs that find a free worker get 0, and so
 * do runs that were started before.
 */
export const LANE_COST: Readonly<Record<Lane, number>> = { interactive: 1, background: 4 };

/**
 * The largest tag, which is BullMQ's largest priority. A backlog that outlasts all tags becomes first come, first
 * served.
 */
const TAG_MAX = 2_097_151;
const FULL = -1;
/** The deadline of `enqueue`: by then a placed run is in the queue, or will never be. */
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

/** Records that the run with this tag was started. If a record is lost, later runs only start a little further back. */
export async function noteStarted(connection: RedisConnection, tag: number): Promise<void> {
  await runScript(connection.redis, STARTED, [connection.keys.fairOrder], [tag]);
}
