import { REFUSAL_REASONS } from '#libs/contract';

/** One thing that is measured, as Prometheus sees it. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  /**
   * Bounded sets only: routes, statuses, codes, outcomes, configured upstreams, the first models. Never an id, never a
   * client's text.
   */
  readonly labels?: readonly string[];
  /** Series of a counter that exist from the start, at 0: `rate` does not see the first step of a new series. */
  readonly starts?: readonly Readonly<Record<string, string>>[];
  /** Upper bounds; of histograms only. */
  readonly buckets?: readonly number[];
}

const each = <K extends string>(label: K, values: readonly string[]): readonly Record<K, string>[] =>
  values.map((value) => ({ [label]: value }) as Record<K, string>);

const FAST_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const SLOW_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 300];
const COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** The names of all metrics. docs/runbook.md explains each, and a test compares the two. */
export const METRICS = {
  // Every service
  build: { name: 'talaria_build_info', help: 'Always 1; the labels say what runs', labels: ['service', 'version'] },
  draining: { name: 'talaria_draining', help: '1 after SIGTERM' },
  redisErrors: { name: 'talaria_redis_errors_total', help: 'Errors of connections to Redis' },

  // API
  requests: {
    name: 'talaria_api_requests_total',
    help: 'Requests that have ended, by route pattern; 499: the client left before an answer',
    labels: ['route', 'method', 'status'],
  },
  inFlight: { name: 'talaria_api_in_flight', help: 'Requests that wait for a run' },
  refusals: {
    name: 'talaria_api_refusals_total',
    help: 'Requests answered with 429',
    labels: ['reason'],
    starts: each('reason', REFUSAL_REASONS),
  },
  errors: { name: 'talaria_api_errors_total', help: 'Error answers', labels: ['code'] },
  listeners: { name: 'talaria_api_listeners', help: 'Requests that listen to a run' },
  streams: { name: 'talaria_api_streams', help: 'Open SSE answers' },
  streamsCut: { name: 'talaria_api_streams_cut_total', help: 'Streams cut because the client had stopped reading' },
  firstToken: {
    name: 'talaria_api_first_token_seconds',
    help: 'From a streaming request to its first written delta',
    buckets: SLOW_SECONDS,
  },
  relayLag: {
    name: 'talaria_api_relay_lag_seconds',
    help: "From the oldest event of a batch (the worker's clock) to its write to the client",
    buckets: FAST_SECONDS,
  },
  upstreamState: {
    name: 'talaria_upstream_state',
    help: 'Always 1; the labels say how a model of a pool is: `well`, `cooling`, `tried`, `half_open`, and why',
    labels: ['upstream', 'model', 'state', 'reason'],
  },
  upstreamUntil: {
    name: 'talaria_upstream_cooldown_until_seconds',
    help: 'Unix time at which the cooldown ends, or has ended without a good answer since; 0 when it is well',
    labels: ['upstream', 'model'],
  },
  upstreamDrained: {
    name: 'talaria_upstream_drained',
    help: '1: an operator lets no new request go there',
    labels: ['upstream'],
  },
  upstreamInFlight: {
    name: 'talaria_upstream_in_flight',
    help: 'Requests of all workers under way there',
    labels: ['upstream'],
  },
  upstreamPlaces: {
    name: 'talaria_upstream_in_flight_max',
    help: 'Their bound; no series without one',
    labels: ['upstream'],
  },
  upstreamTokens: {
    name: 'talaria_upstream_tokens_in_flight',
    help: 'Estimated tokens of their input',
    labels: ['upstream'],
  },
  upstreamBindings: {
    name: 'talaria_upstream_bindings',
    help: 'Sessions whose home it is',
    labels: ['upstream'],
  },
  upstreamFirstToken: {
    name: 'talaria_upstream_first_token_seconds',
    help: 'Expected time to the first event, from recent answers of all workers; no series when it is not known',
    labels: ['upstream'],
  },
  workersAlive: { name: 'talaria_api_workers_alive', help: 'Workers heard of in the last seconds' },

  // Worker
  runs: {
    name: 'talaria_worker_runs_total',
    help: 'Attempts that ended here',
    labels: ['outcome'],
    starts: each('outcome', ['completed', 'incomplete', 'failed', 'cancelled', 'handed_back', 'parked']),
  },
  activeRuns: { name: 'talaria_worker_active_runs', help: 'Runs being executed' },
  capacity: { name: 'talaria_worker_capacity', help: 'Runs it executes at the same time at most' },
  deltaGap: {
    name: 'talaria_worker_delta_gap_seconds',
    help: 'How long deltas of an answer wait in an overload, else 0',
  },
  upstreamFirstEvent: {
    name: 'talaria_worker_upstream_first_event_seconds',
    help: 'From asking an upstream to its first event',
    labels: ['upstream', 'model'],
    buckets: SLOW_SECONDS,
  },
  upstreamCalls: {
    name: 'talaria_worker_upstream_calls_total',
    help: 'Model calls: `begun`, or the code of a failure before the first event',
    labels: ['upstream', 'model', 'outcome'],
  },
  poolChoices: {
    name: 'talaria_worker_pool_choices_total',
    help: 'Places taken at members of pools: `home`, `new`, `spill` (this request only) or `rebind` (the session moves)',
    labels: ['upstream', 'reason'],
  },
  poolCooldowns: {
    name: 'talaria_worker_pool_cooldowns_total',
    help: 'Members of pools that were taken out for a while',
    labels: ['upstream', 'reason'],
  },
  poolTokens: {
    name: 'talaria_worker_pool_tokens_total',
    help: 'Tokens of answered requests to members of pools: `input`, `cached` (the part of it from prompt caches), `output`',
    labels: ['upstream', 'kind'],
  },
  poolShareErrors: {
    name: 'talaria_worker_pool_share_errors_total',
    help: 'Calls to Redis about pools that failed; the worker then decides by what it knows itself',
  },
  credentialRenewals: {
    name: 'talaria_worker_credential_renewals_total',
    help: 'Keys of upstreams that this worker has renewed: `renewed`, `failed`',
    labels: ['upstream', 'outcome'],
  },
  appends: {
    name: 'talaria_worker_appends_total',
    help: 'Batches of one run sent to its log',
    labels: ['outcome'],
    starts: each('outcome', ['ok', 'fenced', 'ended', 'full', 'lost', 'gap', 'failed']),
  },
  flushRuns: {
    name: 'talaria_worker_flush_runs',
    help: 'Runs that shared one append call',
    buckets: COUNTS,
  },
  flushEvents: { name: 'talaria_worker_flush_events', help: 'Events in one append call', buckets: COUNTS },
  appendSeconds: { name: 'talaria_worker_append_seconds', help: 'One append call to Redis', buckets: FAST_SECONDS },

  // Scheduler
  queueJobs: { name: 'talaria_queue_jobs', help: 'Jobs by queue and state', labels: ['queue', 'state'] },
  queueOldest: {
    name: 'talaria_queue_oldest_wait_seconds',
    help: 'Age of the job that waits longest; 0 when none does',
    labels: ['queue'],
  },
  redisMemory: {
    name: 'talaria_redis_memory_ratio',
    help: 'The share of its maxmemory that Redis uses; 0 when it has no limit',
  },
  unconfirmed: { name: 'talaria_runs_unconfirmed', help: 'Runs that the store has not confirmed, live ones included' },
  unconfirmedOldest: { name: 'talaria_runs_unconfirmed_oldest_seconds', help: 'Age of the oldest of them' },
  duties: {
    name: 'talaria_scheduler_duties_total',
    help: "Looks of the scheduler's duties",
    labels: ['duty', 'outcome'],
  },

  jobDeliveries: {
    name: 'talaria_job_deliveries_total',
    help: 'Attempts to deliver results of jobs: `delivered`, `retried` later, or `failed` for good',
    labels: ['scheme', 'outcome'],
  },
  webhookDeliveries: {
    name: 'talaria_webhook_deliveries_total',
    help: 'Attempts to tell webhooks of events: `delivered`, `retried` later, or `failed` for good',
    labels: ['outcome'],
  },

  // Messenger
  messengerUpdates: {
    name: 'talaria_messenger_updates_total',
    help: 'Updates of platforms: `new`, `seen` before, `full` inbox, or `unheard`',
    labels: ['outcome'],
  },
  messengerCalls: {
    name: 'talaria_messenger_calls_total',
    help: 'Calls to platforms by kind, and what they came to',
    labels: ['kind', 'outcome'],
  },
  messengerTasks: {
    name: 'talaria_messenger_tasks_total',
    help: 'Answers and notices that are finished',
    labels: ['kind', 'outcome'],
  },
  messengerFirstText: {
    name: 'talaria_messenger_first_text_seconds',
    help: "From an answer's first token to its first text in the chat",
    buckets: SLOW_SECONDS,
  },
  messengerChats: { name: 'talaria_messenger_active_chats', help: 'Chats that this process writes into' },

  // Store
  batches: {
    name: 'talaria_store_batches_total',
    help: 'Batches of finished runs',
    labels: ['outcome'],
    starts: each('outcome', ['stored', 'failed']),
  },
  rows: { name: 'talaria_store_rows_total', help: 'Runs written' },
  persistLag: {
    name: 'talaria_store_persist_lag_seconds',
    help: 'From the end of a run to its row',
    buckets: SLOW_SECONDS,
  },
} as const satisfies Record<string, MetricSpec>;
