/** Bounds of keys that renew themselves. */
export const CREDENTIAL_LIMITS = {
  /** How long a request waits for a key. */
  waitMsMax: 30_000,
  /** Between two looks whether another worker has renewed it. */
  lookEveryMs: 200,
  /** One worker renews at a time; a worker that dies over it is forgotten after this time. */
  leaseMs: 25_000,
  httpMsMax: 10_000,
  commandMsMax: 20_000,
  answerBytesMax: 65_536,
  tokenCharsMax: 16_384,
  /** A key is renewed when so much of its life is left, or a fifth of it if that is less. */
  renewBeforeMsMax: 300_000,
  renewBeforeShare: 0.2,
  /** The life of a key of which nobody says how long it is good. */
  lifeMsDefault: 300_000,
  /** After a failure: no other try before this time, doubled with each failure. */
  againAfterMs: 2_000,
  againAfterMsMax: 60_000,
  /** A key that was refused is not renewed more often than this. */
  refusedAgainMs: 5_000,
  /** Between two looks at whether a human has logged in (RFC 8628, 3.2), and what `slow_down` adds. */
  deviceIntervalMsDefault: 5_000,
  deviceIntervalMsMax: 60_000,
  deviceSecondsMax: 3_600,
} as const;
