import { LIMITS } from '#libs/contract';

/**
 * Limits of the API process that operators need not change. The unit comes last in each name. LIMITS has those of all
 * services.
 */
export const API_LIMITS = {
  /** How long an operator waits until a worker has checked an upstream. */
  upstreamCheckMsMax: 10_000,

  // Who asks
  /** Wrong keys that one address may send per minute; more are answered with 429. A right key is never refused. */
  authFailuresPerMinuteMax: 60,
  /** Addresses whose failures are counted. Beyond this number the oldest count is forgotten. */
  authFailureAddressesMax: 10_000,

  // Waiting
  /** How long a repeated request waits for the first one to open their common run. */
  openWaitMsMax: 500,
  /** Age at which the list of models is read again. */
  modelsRefreshMs: 2_000,
  /** Between two looks at the workers. What lies further apart (Redis was slow to answer) says nothing of the time. */
  workerLooksApartMsMax: 10_000,
  /** A missed heartbeat: the worker's free places no longer count. */
  workerLateMsMax: 7_000,

  /** How long a fork waits for a run that has just ended to reach the store. */
  storedWaitMsMax: 5_000,

  webhooksPerKeyMax: 20,
  /** Samples that are being delivered, one per key; and how long one may take. */
  deliveryTestsMax: 16,
  deliveryTestMsMax: 25_000,

  // Lists
  runsPage: 20,
  runsPageMax: 100,
  /** Open requests for approval: as many as people see at once. */
  pendingPage: 100,
  pendingPageMax: 200,
  /** Live runs that are read together, and for one page at most. */
  liveRunsPage: 100,
  liveRunsScannedMax: 1_000,
  sessionsPage: 50,
  sessionsPageMax: 200,
  /** Items of a response or of a conversation, as published. */
  itemsPage: 20,
  itemsPageMax: 100,

  filesPage: 100,
  filesPageMax: 1_000,
  usagePage: 100,
  usagePageMax: 500,
  foundPage: 20,
  foundPageMax: 50,
  /** Jobs of one name that an operator is shown. */
  ownerJobsMax: 1_000,

  /** One call that deletes or moves the rows of a name; what is left takes another call. */
  ownerWorkMsMax: 10_000,

  // Streams
  /** Frames collected before they are written, and text written to a slow client before it has to catch up. */
  sseBurstCharsMax: 16_384,
  /** Sent to readers of a run's events when this process stops: the delay before they reconnect, to another replica. */
  sseReconnectMs: 200,

  /** Runs whose events one stream of GET /v1/runs/events carries. */
  followedRunsMax: 32,

  // WebSockets
  webSocketsMax: 1_000,
  /** Connections of one API key: half of all, as with the requests that wait for runs. */
  webSocketsPerKeyMax: 500,
  /** Messages that wait behind the response under way. */
  webSocketWaitingMax: 16,
  /** Bytes of all these messages. A single one may be as long as a body. */
  webSocketWaitingBytesMax: LIMITS.bodyBytesMax,
  /** Bytes read ahead while a message is in work, plus up to one piece of input. The rest waits with the client. */
  webSocketAheadBytesMax: 262_144,
  /** Answers that a client has not read. Beyond this the connection is cut. */
  webSocketUnreadBytesMax: 262_144,
  /** Pieces in which one message may come. */
  webSocketPiecesMax: 16_384,
  /** Time from the last message on a connection that is being broken off to its end. */
  webSocketGoodbyeMs: 1_000,
  /** Responses with `store: false` that a connection can continue; the oldest is forgotten. */
  webSocketUnstoredMax: 1_000,
  webSocketPingMs: 30_000,
  /** As published. Must not exceed the life of a run's log, LIMITS.runLogTtlSeconds. */
  webSocketMsMax: 3_600_000,

  // Token counts
  /** Longest time of one count, from its own start. */
  countMsMax: 15_000,
  /** After this idle time the counting thread ends and frees its memory. */
  countIdleMs: 60_000,
  /** Waiting and running counts, of all keys and of one. */
  countsMax: 64,
  countsPerKeyMax: 8,
  /** Characters of all their texts. A key that counts nothing may count one prompt of any length. */
  countCharsMax: 80_000_000,
  countCharsPerKeyMax: 20_000_000,

  // Files
  /** PDFs that are read at once; the others wait, of all keys and of one so many. */
  filesReadAtOnceMax: 2,
  filesWaitingMax: 64,
  filesWaitingPerKeyMax: 16,
  /** Longest time of one file, from its own start, and the JavaScript heap of its process. */
  fileReadMsMax: 20_000,
  fileMemoryMbMax: 256,
  /** All memory of that process, with the buffers outside its heap, and the time between two looks at it. */
  fileResidentMbMax: 512,
  fileMemoryLookMs: 50,
  /** Retry-After when a file took too long, or its process died. */
  fileRetrySeconds: 5,

  // HTTP
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  /** Longer than the idle timeout of common load balancers, so that they close first. */
  keepAliveTimeoutMs: 65_000,
  connectionsCheckMs: 5_000,
  pathParameterCharsMax: 1_024,
  /** Longest item id that a client chooses and that is looked up later. */
  itemIdCharsMax: 256,
  /** References to items that are looked up together. At the first one that leads nowhere the rest is skipped. */
  referencesAtOnce: 16,
  corsPreflightSeconds: 600,
  /** Header names that are examined when a page asks which headers it may send. */
  corsRequestHeadersMax: 64,

  // Answers
  /** Retry-After of a 429 or 503 that has none of its own. */
  retryAfterSecondsDefault: 1,
  /**
   * When asked to wait longer, SDKs either ignore the wait and ask again at once, or block their caller for that time.
   */
  sdkWaitSecondsMax: 60,
} as const;
