import { LIMITS } from '#libs/contract';

/** Bounds of the API process that no operator has to change. Names read unit-last; contract-wide ones are in LIMITS. */
export const API_LIMITS = {
  /** How long an operator waits until a worker has checked an upstream. */
  upstreamCheckMsMax: 10_000,

  // Who asks
  /** Wrong keys that one address may show per minute; more are answered 429. A right key is never refused. */
  authFailuresPerMinuteMax: 60,
  /** Addresses whose failures are counted; beyond it the oldest count is forgotten. */
  authFailureAddressesMax: 10_000,

  // Waiting
  /** How long a repeated request waits for the first one to open the run that both mean. */
  openWaitMsMax: 500,
  /** Age at which the list of models is read again. */
  modelsRefreshMs: 2_000,
  /** A missed heartbeat: the worker's free places no longer count. */
  workerLateMsMax: 7_000,

  /** How long a fork waits for a run that has just ended to reach the store. */
  storedWaitMsMax: 5_000,

  // Lists
  runsPage: 20,
  runsPageMax: 100,
  /** Live runs that are looked at in one go, and for one page at most. */
  liveRunsPage: 100,
  liveRunsScannedMax: 1_000,
  sessionsPage: 50,
  sessionsPageMax: 200,
  /** Items of a response or of a conversation, as published. */
  itemsPage: 20,
  itemsPageMax: 100,

  // Streams
  /** Frames collected before they are written; also what is written to a slow client before it has to catch up. */
  sseBurstCharsMax: 16_384,
  /** Told to readers of a run's events when this process stops: come back so soon, to another replica. */
  sseReconnectMs: 200,

  /** Runs whose events one stream of GET /v1/runs/events carries. */
  followedRunsMax: 32,

  // WebSockets
  webSocketsMax: 1_000,
  /** Of one API key, half of what there are, as with the requests that wait for runs. */
  webSocketsPerKeyMax: 500,
  /** Messages that wait behind the response under way. */
  webSocketWaitingMax: 16,
  /** Of those messages together; a single one may be as long as a body. */
  webSocketWaitingBytesMax: LIMITS.bodyBytesMax,
  /** Read ahead while a message is in work, and up to one piece of input more; the rest waits with the client. */
  webSocketAheadBytesMax: 262_144,
  /** Answers to messages that a client has not read; beyond it the connection is cut. */
  webSocketUnreadBytesMax: 262_144,
  /** Pieces in which one message may come. */
  webSocketPiecesMax: 16_384,
  /** From the last word on a connection that is broken off to its end. */
  webSocketGoodbyeMs: 1_000,
  /** Responses with `store: false` that a connection can continue; the oldest is forgotten. */
  webSocketUnstoredMax: 1_000,
  webSocketPingMs: 30_000,
  /** As published; no longer than the log of a run is there, LIMITS.runLogTtlSeconds. */
  webSocketMsMax: 3_600_000,

  // Token counts
  /** Of one count, from its own start. */
  countMsMax: 15_000,
  /** Idle this long, the thread that counts and its tables are given back. */
  countIdleMs: 60_000,
  /** That wait or run, of all keys and of one. */
  countsMax: 64,
  countsPerKeyMax: 8,
  /** Their texts together; who counts nothing may count one prompt of any length. */
  countCharsMax: 80_000_000,
  countCharsPerKeyMax: 20_000_000,

  // HTTP
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  /** Longer than the idle timeout of common load balancers, so that they and not we close first. */
  keepAliveTimeoutMs: 65_000,
  connectionsCheckMs: 5_000,
  pathParameterCharsMax: 1_024,
  /** Ids of items that clients give themselves and that are looked up later. */
  itemIdCharsMax: 256,
  /** References to items that are looked up side by side; at the first that leads nowhere the rest is not. */
  referencesAtOnce: 16,
  corsPreflightSeconds: 600,
  /** Names of headers that are looked at when a page asks which it may send. */
  corsRequestHeadersMax: 64,

  // Answers
  /** Retry-After of a 429 or 503 that has none of its own. */
  retryAfterSecondsDefault: 1,
  /** SDKs that are asked for more either pass over it and ask again at once, or hold their caller up for as long. */
  sdkWaitSecondsMax: 60,
} as const;
