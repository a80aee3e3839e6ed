/**
 * Every bound that is not configurable. Names read unit-last (`runSecondsMax`), so related limits sort together.
 * Bounds that an operator may change live in libs/config, with these as their defaults where both exist.
 */
export const LIMITS = {
  // Requests
  bodyBytesMax: 10_000_000,
  jsonDepthMax: 64,
  messagesMax: 2_000,
  /** Text of one message, after its parts are joined. S0 cut silently at this size; we refuse (reliability K22). */
  messageTextCharsMax: 65_536,
  contentPartsMax: 1_000,
  toolsMax: 128,
  toolNameCharsMax: 64,
  toolSchemaBytesMax: 65_536,
  stopSequencesMax: 4,
  modelNameCharsMax: 256,
  metadataPairsMax: 16,
  metadataKeyCharsMax: 64,
  metadataValueCharsMax: 512,
  idempotencyKeyCharsMax: 255,

  // Runs
  stepsMaxDefault: 90,
  runSecondsMax: 3_600,
  attemptsMax: 3,
  toolCallsPerStepMax: 128,
  toolArgumentsCharsMax: 262_144,
  toolOutputBytesMax: 262_144,
  toolSecondsMax: 120,

  // Run log
  runLogBytesMax: 16_777_216,
  runLogTtlSeconds: 3_600,
  /** Backstop for a log whose run nobody ever persisted: the reconciler has had a week. */
  runLogOrphanTtlSeconds: 604_800,
  idempotencyTtlSeconds: 86_400,
  /** Events that a worker may hold unacknowledged before the run has to wait for Redis. */
  unacknowledgedBytesMax: 4_194_304,
  /** Acknowledged events a worker keeps to send again when Redis lost the tail of its append-only file. */
  replayRingBytesMax: 1_048_576,

  // Relay
  relayReadBatchMax: 500,
  relayInboxEventsMax: 1_000,
  relayIdlePollMs: 1_000,
  sseWriteStallSecondsMax: 60,
} as const;
