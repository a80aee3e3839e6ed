/**
 * Every Redis name in the system. No other file may spell one (test/arch/redis-names.test.ts).
 * `<p>` is the deployment's prefix (REDIS_PREFIX), so that two deployments on one server cannot see each other.
 * Braces are a cluster hash tag: one run's keys share a slot, because the scripts touch both.
 *
 *   <p>:{<runId>}:log          stream   id `<seq>-0`, field `e` = LoggedEvent JSON; its name is also the run's live channel
 *   <p>:{<runId>}:meta         hash     seq, att, term, cancel, ch, worker, owner, bytes, spec
 *   <p>:runs:unconfirmed       zset     runs the store has not confirmed, by time of opening
 *   <p>:live:<instance>        channel  events of all runs that this API instance opened
 *   <p>:control:<worker>       channel  run ids whose owner shall look at their cancel flag
 *   <p>:workers:info|seen      hash, zset  who can execute runs
 *   <p>:idempotency:<sha256>   string   `<fingerprint> <runId>`
 *   {<p>}:...                  BullMQ's own keys
 */
export function redisKeys(prefix: string) {
  return {
    log: (runId: string) => `${prefix}:{${runId}}:log`,
    meta: (runId: string) => `${prefix}:{${runId}}:meta`,
    unconfirmed: `${prefix}:runs:unconfirmed`,
    live: (instance: string) => `${prefix}:live:${instance}`,
    control: (worker: string) => `${prefix}:control:${worker}`,
    workersInfo: `${prefix}:workers:info`,
    workersSeen: `${prefix}:workers:seen`,
    idempotency: (hash: string) => `${prefix}:idempotency:${hash}`,
    bull: `{${prefix}}`,
  } as const;
}

export type RedisKeys = ReturnType<typeof redisKeys>;

export const QUEUES = { runs: 'runs', persist: 'persist' } as const;
