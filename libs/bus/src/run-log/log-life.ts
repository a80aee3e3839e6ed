import { LIMITS, queuedEvent, sessionOfTurn, type OpenLogTerms, type OpenOutcome, type RunSpec } from '#libs/contract';
import type { RedisKeys } from '../keys.js';
import { idempotencyKeyName } from '../locks/idempotency.js';
import { logLifeSeconds, usedMemoryShare } from '../redis/memory-share.js';
import { runScript, runScripts, type RedisConnection, type ScriptCall } from '../redis/connect-redis.js';
import { CONFIRM, LET_GO } from '../scripts/order-scripts.js';
import { OPEN } from '../scripts/run-scripts.js';
import { perCall } from './per-call.js';
import { toOpenOutcome } from './run-log-replies.js';

/** Opens, confirms and removes logs. Each step keeps the account of orders (scripts/order-scripts.ts). */

const accountOf = (keys: RedisKeys): string[] => [keys.orders, keys.ordersHeld, keys.ordersEnding];
const pairOf = (keys: RedisKeys, runId: string): string[] => [keys.log(runId), keys.meta(runId)];

/** See `RunJournal.open`. */
export async function openLog(
  { redis, keys }: RedisConnection,
  spec: RunSpec,
  { reservedIn, orderBytesMax = LIMITS.orderBytesPerKeyMax }: OpenLogTerms,
): Promise<OpenOutcome> {
  const { runId, owner, createdAt } = spec;
  const names = [...accountOf(keys), ...pairOf(keys, runId)];
  if (reservedIn !== undefined) names.push(idempotencyKeyName(keys, reservedIn));
  const args = [
    LIMITS.runLogOrphanTtlSeconds,
    owner,
    keys.live(spec.instance),
    JSON.stringify(spec),
    runId,
    JSON.stringify(queuedEvent(spec)),
    sessionOfTurn(spec) ?? '',
    orderBytesMax,
    keepOf(spec),
  ];
  // The index comes first: a run that no index remembers could stay `queued` for ever.
  const [, , code] = await Promise.all([
    redis.zadd(keys.unconfirmed, createdAt, runId),
    redis.zadd(keys.runsOf(owner), createdAt, runId),
    runScript(redis, OPEN, names, args),
  ]);
  const outcome = toOpenOutcome(code);
  // A reserved id may have another opener, to which these entries belong. The scheduler removes entries without a log.
  if (outcome === 'full' && reservedIn === undefined) {
    await Promise.all([redis.zrem(keys.unconfirmed, runId), redis.zrem(keys.runsOf(owner), runId)]);
  }
  return outcome;
}

/** How CONFIRM treats the log: with `1` its order stays the whole time, with `brief` it goes soon. */
function keepOf({ retain, embed }: RunSpec): '' | '1' | 'brief' {
  if (embed) return 'brief';
  return retain === false ? '1' : '';
}

/** See `RunIndex.confirmPersisted`. Many commands, each with the deadline of its connection. */
export async function confirmRuns(connection: RedisConnection, runIds: readonly string[]): Promise<void> {
  if (runIds.length === 0) return;
  const { redis, keys } = connection;
  const lifeSeconds = logLifeSeconds(await usedMemoryShare(connection));
  const calls = perCall(runIds, () => 0).map((ids): ScriptCall => {
    const names = [...accountOf(keys), ...ids.flatMap((runId) => pairOf(keys, runId))];
    return [CONFIRM, names, [lifeSeconds, LIMITS.keptOrderBytesMax, LIMITS.runLogTtlSeconds, ...ids]];
  });
  const owners = (await runScripts(redis, calls)).flatMap((reply) => {
    if (reply instanceof Error) throw reply;
    return reply as string[];
  });
  const idsOf = new Map<string, string[]>();
  runIds.forEach((runId, i) => {
    const owner = owners[i] ?? '';
    const ids = idsOf.get(owner);
    if (ids) ids.push(runId);
    else idsOf.set(owner, [runId]);
  });
  await Promise.all([...idsOf].map(([owner, ids]) => redis.zrem(keys.runsOf(owner), ...ids)));
  // The index comes last, so the scheduler repeats every step that failed before.
  await redis.zrem(keys.unconfirmed, ...runIds);
}

/** See `RunIndex.remove`. */
export async function removeRuns({ redis, keys }: RedisConnection, runIds: readonly string[]): Promise<void> {
  if (runIds.length === 0) return;
  await redis.unlink(...runIds.flatMap((runId) => pairOf(keys, runId)));
  await runScript(redis, LET_GO, accountOf(keys), [...runIds]);
  await redis.zrem(keys.unconfirmed, ...runIds);
}
