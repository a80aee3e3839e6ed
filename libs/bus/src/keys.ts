/**
 * Every Redis name in the system. No other file may spell one (test/arch/arrows.test.ts). `<p>` is the deployment's
 * prefix (REDIS_PREFIX), so that two deployments on one server cannot see each other. Braces are a cluster hash tag:
 * one run's keys share a slot. Even so clusters are not supported: one append call takes the logs of many runs (ADR 2).
 *
 *   <p>:{<runId>}:log          stream   id `<seq>-0`, field `e` = LoggedEvent JSON; the live channel has the same name
 *   <p>:{<runId>}:meta         hash     tip, claims, term, cancel, ch, worker, owner, spec (dropped once the run is
 *                                       stored if it is large), turn, keep, echo; of runs that were parked or steered:
 *                                       parked, woken, gen, answers, steers, steered
 *   <p>:runs:unconfirmed       zset     runs the store has not confirmed, by time of opening
 *   <p>:runs:of:<owner>        zset     the unconfirmed runs of one API key
 *   <p>:orders                 hash     `<bytes> <owner>` of each run whose order counts against its key
 *   <p>:orders:held            hash     the sums of these by owner
 *   <p>:orders:ending          zset     stored runs among them, by the time (ms) at which their logs expire
 *   <p>:parked:<owner>         zset     runs of an API key that wait for an approval, by deadline (ms)
 *   <p>:allowed:<owner>        set      scopes that an API key has allowed for ever
 *   <p>:allowed-in:<sha256>    set      scopes allowed in one session of an API key
 *   <p>:live:<instance>        channel  events of all runs that this API instance opened
 *   <p>:control:<worker>       channel  ids of runs whose writer should read the cancel flag
 *   <p>:workers:info|seen      hash, zset  who can execute runs
 *   <p>:idempotency:<sha256>   string   `<fingerprint> <runId>`, and ` opened` once the run's log was there
 *   <p>:writable               string   written for a second to see whether Redis takes writes
 *   <p>:{<sha256>}:turns       hash     whose turn it is in a session (sha256 of owner and id); fields: turn-scripts.ts
 *   <p>:{<sha256>}:line        list     run ids that wait for their turn in that session
 *   <p>:sessions:unsettled     zset     sessions that had a turn, by the time of their last check
 *   <p>:conversation:<sha256>  string   `<runId> <ms>`, the run that locked a conversation last, and when
 *   <p>:lease:<sha256>         zset     holders of a lease (sha256 of its name), by the time (ms) at which it ends
 *   <p>:spend:<sha256>         hash     billionths spent and reserved by a session or job: spend-scripts.ts
 *   <p>:{pool}:<kind>[:<sha256>]        what workers share about upstreams in pools: pool-scripts.ts
 *   {<p>}:chats:due            zset     chats with something to do, by the time (ms) at which they may be claimed
 *   {<p>}:chats:marks          hash     platform -> how far its intake has come
 *   {<p>}:chats:homes          hash     `<platform> <owner>` -> the chat where the jobs of that key deliver
 *   {<p>}:chats:served:<name>  string   a messenger that runs looks after the platform
 *   {<p>}:chats:known:<name>   string   one has done so within LIMITS.chatKnownSeconds
 *   {<p>}:chat:<sha256>        hash     epoch, owner (empty: nobody), state (JSON) of a chat (sha256 of its name)
 *   {<p>}:chat:<sha256>:inbox  list     entries that nobody took
 *   {<p>}:chat:<sha256>:next   string   when (ms) the next call into the chat may be made
 *   {<p>}:chat-calls:<name>    string   when (ms) the next call of that platform, or bucket of it, is due
 *   {<p>}:chat-ids:<platform>   zset     ids of messages of chats that count them together, by themselves
 *   {<p>}:chat-seen:<sha256>   string   an entry that came in (sha256 of its id)
 *   {<p>}:chat-out:<sha256>    string   what became of an entry (JSON)
 *   {<p>}:fair-order           hash     `now`, `at`, the last tag of every lane and key; in one slot with BullMQ's keys
 *   {<p>}:handed-on            zset     jobs that wait for a worker with their model, by the first miss (ms)
 *   {<p>}:runs:<job>           hash     BullMQ's job of a run; its field `ats` counts starts (run-worker.ts)
 *   {<p>}:...                  BullMQ's own keys
 */
export function redisKeys(prefix: string) {
  return {
    log: (runId: string) => `${prefix}:{${runId}}:log`,
    meta: (runId: string) => `${prefix}:{${runId}}:meta`,
    unconfirmed: `${prefix}:runs:unconfirmed`,
    runsOf: (owner: string) => `${prefix}:runs:of:${owner}`,
    orders: `${prefix}:orders`,
    ordersHeld: `${prefix}:orders:held`,
    ordersEnding: `${prefix}:orders:ending`,
    parkedOf: (owner: string) => `${prefix}:parked:${owner}`,
    allowedBy: (owner: string) => `${prefix}:allowed:${owner}`,
    allowedIn: (hash: string) => `${prefix}:allowed-in:${hash}`,
    live: (instance: string) => `${prefix}:live:${instance}`,
    control: (worker: string) => `${prefix}:control:${worker}`,
    workersInfo: `${prefix}:workers:info`,
    workersSeen: `${prefix}:workers:seen`,
    idempotency: (hash: string) => `${prefix}:idempotency:${hash}`,
    writable: `${prefix}:writable`,
    turns: (session: string) => `${prefix}:{${session}}:turns`,
    line: (session: string) => `${prefix}:{${session}}:line`,
    unsettledSessions: `${prefix}:sessions:unsettled`,
    conversation: (hash: string) => `${prefix}:conversation:${hash}`,
    lease: (hash: string) => `${prefix}:lease:${hash}`,
    spend: (hash: string) => `${prefix}:spend:${hash}`,
    pool: (kind: string, hash?: string) => `${prefix}:{pool}:${kind}${hash === undefined ? '' : `:${hash}`}`,
    chatsDue: `{${prefix}}:chats:due`,
    chatMarks: `{${prefix}}:chats:marks`,
    chatHomes: `{${prefix}}:chats:homes`,
    chatServed: (platform: string) => `{${prefix}}:chats:served:${platform}`,
    chatKnown: (platform: string) => `{${prefix}}:chats:known:${platform}`,
    chat: (hash: string) => `{${prefix}}:chat:${hash}`,
    chatInbox: (hash: string) => `{${prefix}}:chat:${hash}:inbox`,
    chatNext: (hash: string) => `{${prefix}}:chat:${hash}:next`,
    chatCalls: (platform: string) => `{${prefix}}:chat-calls:${platform}`,
    chatIds: (platform: string) => `{${prefix}}:chat-ids:${platform}`,
    chatSeen: (hash: string) => `{${prefix}}:chat-seen:${hash}`,
    chatOutcome: (hash: string) => `{${prefix}}:chat-out:${hash}`,
    fairOrder: `{${prefix}}:fair-order`,
    handedOn: `{${prefix}}:handed-on`,
    runJob: (jobId: string) => `{${prefix}}:runs:${jobId}`,
    bull: `{${prefix}}`,
  } as const;
}

export type RedisKeys = ReturnType<typeof redisKeys>;

export const QUEUES = { runs: 'runs', persist: 'persist', ticks: 'ticks' } as const;
