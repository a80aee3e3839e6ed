/**
 * Every bound that is not configurable. Names read unit-last (`runSecondsMax`), so related limits sort together.
 * Bounds that an operator may change live in libs/config, with these as their defaults where both exist.
 */
export const LIMITS = {
  // Requests
  bodyBytesMax: 10_000_000,
  jsonDepthMax: 64,
  messagesMax: 2_000,
  /**
   * Text of one message, after its parts are joined. A longer one is refused, never cut. About what the largest windows
   * of models take: a whole file, a long result of a tool or a retrieved context is one message.
   */
  messageTextCharsMax: 4_000_000,
  contentPartsMax: 1_000,
  toolsMax: 128,
  toolNameCharsMax: 64,
  toolSchemaBytesMax: 65_536,
  /** Fields that the gateway passes on without knowing them; more are left out. */
  extraFieldsMax: 32,
  /** All of them as JSON. */
  extraBytesMax: 65_536,
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
  /** Of all images in one result, and of all in one run, as data URLs: they are part of the run's log. */
  toolImagesBytesMax: 2_097_152,
  runImagesBytesMax: 8_388_608,
  toolSecondsMax: 120,
  /** Citations of one answer, and the characters of a title or of quoted words; more is left out. */
  citationsMax: 256,
  citationUrlCharsMax: 4_096,
  citationTextCharsMax: 1_024,
  /** An image that a model shows, as a data URL. A larger one is named instead. */
  modelImageBytesMax: 4_194_304,
  /** Opaque state on one block of reasoning or on one call: signatures, encrypted reasoning. Longer is refused. */
  upstreamStateBytesMax: 1_048_576,
  /** What a client says at one mark of a cached prefix, as JSON. */
  cacheMarkCharsMax: 256,
  anthropicToolsMax: 1_000,
  anthropicStopSequencesMax: 64,
  /** Reasoning that a client's history brings with one message. */
  reasoningCharsMax: 1_048_576,

  // Chats
  /** Entries of one chat that nobody took yet. */
  chatInboxMax: 200,
  /** So long an update, or the result of a job, is known to have come in. Telegram keeps updates for a day. */
  chatEntrySeenSeconds: 172_800,
  /** An entry as JSON: the text of a message, or a job's result. */
  chatEntryBytesMax: 524_288,
  /** Answers and notices of one chat that are not finished. */
  chatTasksMax: 100,
  /** Messages that one answer may become; the rest is left out, and the last one says so. */
  chatPartsMax: 20,
  /** Remembered deliveries of one chat. */
  chatLogMax: 20,
  /** Threads of one chat in which the bot is known to have been spoken to; others have to mention it again. */
  chatThreadsMax: 200,
  chatPhotoBytesMax: 5_242_880,

  // Approvals and steering
  approvalSecondsDefault: 900,
  /** Arguments, as JSON, that the patterns of approval rules are tried on; a call with longer ones is asked for. */
  approvalMatchCharsMax: 8_192,
  /** Runs of one API key that may wait for an approval; beyond it calls are denied instead of asked for. */
  parkedRunsPerKeyMax: 10_000,
  /** Remembered answers of one key, or of one session. */
  rememberedApprovalsMax: 1_000,
  sessionApprovalSeconds: 604_800,
  /** Questions of one call with the state that the call goes on with, and the answers to them, as JSON. */
  questionsCharsMax: 65_536,
  answersCharsMax: 16_384,
  steerCharsMax: 16_384,
  steersPerRunMax: 64,

  // Schedules
  scheduleTextCharsMax: 256,
  scheduleIntervalSecondsMin: 60,
  /** How far away the first occurrence may be; two leap days are at most eight years apart. */
  scheduleHorizonDaysMax: 3_660,

  // Conversations
  /** Turns of a conversation that come before a run's own input; older ones are left out. */
  historyTurnsMax: 2_000,
  /** In a conversation object. What a response adds at its end always fits; the next one is refused. */
  conversationItemsMax: 20_000,
  conversationBytesMax: 33_554_432,
  /** System and developer messages of all turns together. */
  systemTextCharsMax: 262_144,

  /**
   * Tokens from which on a conversation is summed up for a request that wants that and names no bound: this share of
   * the model's window where the settings know it, else this number.
   */
  compactionShareDefault: 0.8,
  compactionTokensDefault: 100_000,

  // Run log
  runLogBytesMax: 16_777_216,
  runLogTtlSeconds: 3_600,
  /** Backstop for a log whose run nobody ever persisted: the reconciler has had a week. */
  runLogOrphanTtlSeconds: 604_800,
  idempotencyTtlSeconds: 86_400,
  /**
   * Bytes of orders (what runs were asked, with their contexts) that Redis holds for one API key: of runs that are live
   * or not stored yet, and of stored ones whose order stays. A key with none may always have one, whatever its size.
   */
  orderBytesPerKeyMax: 268_435_456,
  /**
   * An order up to this size stays with its log for the log's last hour, so that conversations go on without the store:
   * a turn of a chat is its own message. A larger one is dropped once the store has it.
   */
  keptOrderBytesMax: 8_192,
  /** Events that a worker may hold unacknowledged before the run has to wait for Redis. */
  unacknowledgedBytesMax: 4_194_304,
  /** Acknowledged events a worker keeps to send again when Redis lost the tail of its append-only file. */
  replayRingBytesMax: 1_048_576,

  // Sessions
  sessionIdCharsMax: 256,
  sessionTitleCharsMax: 200,
  /** Turns that wait in one session; more are refused with 429. */
  sessionTurnsWaitingMax: 100,
  /** From a turn's place in its session to its open log; a run that takes longer loses the place. */
  sessionTurnOpeningMsMax: 5_000,
  /** How long an idle session's last run is remembered beside the store, which must have its row by then. */
  sessionTurnsIdleSeconds: 86_400,

  // Relay
  /** Neighbouring deltas become one event of the log up to this size. */
  mergedDeltaCharsMax: 16_384,
  relayReadBatchMax: 500,
  /** A page of large events has fewer of them. */
  relayReadCharsMax: 262_144,
  relayInboxEventsMax: 1_000,
  relayInboxCharsMax: 1_048_576,
  relayIdlePollMs: 1_000,
  /** How long a listener stays connected while Redis does not answer. */
  relayOutageMsMax: 120_000,
  relayRetryMsMax: 2_000,
  /** How long `stop` waits for the run's terminal event before it answers "stopping". */
  stopWaitMsMax: 5_000,
  sseWriteStallSecondsMax: 60,
} as const;
