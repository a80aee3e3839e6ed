/** Bounds of what an upstream may do to us. Names read unit-last, as in LIMITS of libs/contract. */
export const UPSTREAM_LIMITS = {
  /** One line of a stream, and one event of several lines (reliability U6): an image is one line. */
  lineCharsMax: 8_388_608,
  /** A whole streamed answer; the run's own log is bounded lower, comments and empty events are not in it. */
  streamBytesMax: 67_108_864,
  /** Of a streamed answer, read ahead of whoever takes its events; then the socket waits. */
  aheadBytesMax: 65_536,
  /** An answer that is not streamed, and a list of models. */
  answerBytesMax: 8_388_608,
  errorBodyBytesMax: 65_536,
  /** Lines that are no JSON: so many are skipped, one more and the answer is given up (reliability U5). */
  badLinesMax: 3,
  /** What may be shown of the upstream's own words. */
  messageCharsMax: 300,
  modelsMax: 10_000,

  connectTimeoutMs: 10_000,
  /** Sockets to one upstream: above the runs that one worker can have under way, so that none waits for a socket. */
  connectionsMax: 8_192,
  keepAliveMs: 30_000,

  /** An upstream that asks for a longer wait is not asked again for the same answer. */
  retryWaitMaxMs: 5_000,
  /** The longest wait that a caller is told: a month. */
  toldWaitMaxMs: 2_592_000_000,
  backoffFirstMs: 500,
  backoffMaxMs: 8_000,

  /**
   * How long the body may stay open behind the protocol's last word; a body read to its end keeps the socket usable.
   */
  doneGraceMs: 100,
  /** How long usage may take to follow the finish reason. */
  finishedGraceMs: 5_000,
} as const;
