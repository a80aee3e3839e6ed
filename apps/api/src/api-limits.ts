/** Bounds of the API process that no operator has to change. Names read unit-last; contract-wide ones are in LIMITS. */
export const API_LIMITS = {
  // Who asks
  /** Wrong keys that one address may show per minute; more are answered 429. A right key is never refused. */
  authFailuresPerMinuteMax: 60,
  /** Addresses whose failures are counted; beyond it the oldest count is forgotten. */
  authFailureAddressesMax: 10_000,

  // Waiting
  /** Until a store that does not answer counts as away. */
  storeReadMsMax: 2_000,
  storeAnswerBytesMax: 67_108_864,
  /** How long `stop` waits for the run's terminal event before it answers "stopping". */
  stopWaitMsMax: 5_000,
  /** How long a repeated request waits for the first one to open the run that both mean. */
  openWaitMsMax: 500,
  /** How long a listener stays connected while Redis does not answer. */
  relayOutageMsMax: 120_000,
  relayRetryMsMax: 2_000,
  /** Age at which the list of models is read again. */
  modelsRefreshMs: 2_000,
  /** Three missed heartbeats: the worker no longer counts while others are alive. */
  workerSilentMsMax: 15_000,

  // Streams
  /** Frames collected before they are written; also what is written to a slow client before it has to catch up. */
  sseBurstCharsMax: 16_384,
  /** Told to readers of a run's events when this process stops: come back so soon, to another replica. */
  sseReconnectMs: 200,

  // HTTP (reliability K31)
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  /** Longer than the idle timeout of common load balancers, so that they and not we close first. */
  keepAliveTimeoutMs: 65_000,
  connectionsCheckMs: 5_000,
  pathParameterCharsMax: 512,
  corsPreflightSeconds: 600,

  // Answers
  /** Retry-After of a 429 or 503 that has none of its own. */
  retryAfterSecondsDefault: 1,
} as const;
