/** Limits on what an upstream may send. The unit comes last in each name, as in LIMITS of libs/contract. */
export const UPSTREAM_LIMITS = {
  /** One line of a stream, and one event of several lines: an image is one line. */
  lineCharsMax: 8_388_608,
  /** A whole streamed answer. The run's own log has a lower bound, but comments and empty events are not in it. */
  streamBytesMax: 67_108_864,
  /** Part of a streamed answer that is read ahead of its consumer; then the socket waits. */
  aheadBytesMax: 65_536,
  /** An answer that is not streamed, and a list of models. */
  answerBytesMax: 8_388_608,
  /** An answer of vectors: those that were asked for as base64 and come as numbers are several times as long. */
  vectorsBytesMax: 50_331_648,
  errorBodyBytesMax: 65_536,
  /** Lines that are not JSON are skipped up to this number; after one more the answer is given up. */
  badLinesMax: 3,
  /** Part of the upstream's own words that may be shown. */
  messageCharsMax: 300,
  modelsMax: 10_000,

  /** Tools that a gateway runs for one answer. */
  ownToolsMax: 2_000,
  /** A line about such a tool, and what it gives out as far as it is told. */
  ownToolTextCharsMax: 8_192,
  /** A gateway takes an answer to its approval within this time, or is told again. */
  approvalTimeoutMs: 5_000,
  /** A gateway's run is asked to stop so often, each time for so long, with these waits between. */
  stopTimeoutMs: 5_000,
  stopAgainAfterMs: [1_000, 4_000],

  connectTimeoutMs: 10_000,
  /** Sockets to one upstream: more than one worker can have runs under way, so none waits for a socket. */
  connectionsMax: 8_192,
  keepAliveMs: 30_000,

  /** An upstream that asks for a longer wait is not asked again for the same answer. */
  retryWaitMaxMs: 5_000,
  /** The longest wait that is reported to a caller: a month. */
  toldWaitMaxMs: 2_592_000_000,
  backoffFirstMs: 500,
  backoffMaxMs: 8_000,

  /**
   * How long the body may stay open after the protocol's last word. A body that is read to its end keeps the socket
   * usable.
   */
  doneGraceMs: 100,
  /** How long usage may take to arrive after the finish reason. */
  finishedGraceMs: 5_000,
} as const;
