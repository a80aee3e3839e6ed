/**
 * Every bound that is not configurable. Names read unit-last (`runSecondsMax`), so related limits sort together.
 * Bounds that an operator may change live in libs/config, with these as their defaults where both exist.
 */
export const LIMITS = {
  /** Three missed heartbeats: the worker no longer counts as alive. */
  workerSilentMsMax: 15_000,

  // Requests
  bodyBytesMax: 10_000_000,
  jsonDepthMax: 64,
  messagesMax: 2_000,
  /**
   * Text of one message, after its parts are joined. A longer one is refused, never cut. This is about what the largest
   * models accept, because one message may be a whole file, a long result of a tool, or a retrieved context.
   */
  messageTextCharsMax: 4_000_000,
  contentPartsMax: 1_000,
  toolsMax: 128,
  toolNameCharsMax: 64,
  toolSchemaBytesMax: 65_536,
  /** Fields that the gateway passes on without knowing them; further ones are left out. */
  extraFieldsMax: 32,
  /** All of them as JSON. */
  extraBytesMax: 65_536,
  stopSequencesMax: 4,
  modelNameCharsMax: 256,
  metadataPairsMax: 16,
  metadataKeyCharsMax: 64,
  metadataValueCharsMax: 512,
  idempotencyKeyCharsMax: 255,

  // Spending
  /** A bound of a cost, in the currency of the price table. */
  maxCostMax: 1_000_000,
  /** Tokens of an answer that are reserved when neither the caller nor the settings bound it. */
  reservedAnswerTokens: 4_096,
  /** A call is not made when less than this many tokens of an answer can be paid for, and its own bound is higher. */
  paidAnswerTokensMin: 256,
  /** How long the sum of a session's or job's costs is kept after its last change. */
  spendFundSeconds: 7_776_000,
  /** A reservation that nobody settles counts so long: no run takes longer. */
  spendReservedSeconds: 3_600,
  /** Runs of one session or job that are counted singly; beyond this number they join the sum. */
  spendFundRunsMax: 1_000,

  // Runs
  stepsMaxDefault: 90,
  runSecondsMax: 3_600,
  attemptsMax: 3,
  toolCallsPerStepMax: 128,
  toolArgumentsCharsMax: 262_144,
  toolOutputBytesMax: 262_144,
  /** Bytes of all images in one result, and of all in one run, as data URLs: they are part of the run's log. */
  toolImagesBytesMax: 2_097_152,
  runImagesBytesMax: 8_388_608,
  toolSecondsMax: 120,
  /** Citations of one answer, and the characters of a title or of a quotation; the rest is left out. */
  citationsMax: 256,
  citationUrlCharsMax: 4_096,
  citationTextCharsMax: 1_024,
  /** An image of the model, as a data URL. A larger one is only mentioned in the text. */
  modelImageBytesMax: 4_194_304,
  /** Opaque state on one block of reasoning or on one call: signatures, encrypted reasoning. Longer is refused. */
  upstreamStateBytesMax: 1_048_576,
  /** The client's data at one mark of a cached prefix, as JSON. */
  cacheMarkCharsMax: 256,
  anthropicToolsMax: 1_000,
  anthropicStopSequencesMax: 64,
  /** Reasoning in a client's history, per message. */
  reasoningCharsMax: 1_048_576,

  // Files in a request
  /** PDFs of one request that are read. */
  filesMax: 16,
  /** Of one file, before base64. The whole body has a bound of its own. */
  fileBytesMax: 33_554_432,
  fileNameCharsMax: 256,
  filePagesMax: 1_000,
  /** Text of one file, after reading. More is refused, never cut. */
  fileTextCharsMax: 2_000_000,

  // Embeddings
  embeddingInputsMax: 2_048,
  /** Of one input that comes as tokens. */
  embeddingTokensMax: 131_072,
  /** All inputs of one request, as JSON. */
  embeddingInputBytesMax: 8_388_608,
  embeddingDimensionsMax: 65_536,
  /** All vectors of one answer as base64: they are part of the run's log. */
  embeddingVectorsCharsMax: 14_680_064,
  /** Vectors in one event of the log, apart from a single one that is larger. */
  embeddingEventCharsMax: 262_144,

  // Chats
  /** Waiting entries of one chat. */
  chatInboxMax: 200,
  /** How long the id of an update, or of a job's result, is remembered. Telegram keeps updates for a day. */
  chatEntrySeenSeconds: 172_800,
  /** A messenger that has not said for so long which platforms it serves counts as gone. */
  chatServedMs: 15_000,
  /** How long a platform counts as set up although no messenger with it runs: longer than any maintenance. */
  chatKnownSeconds: 2_592_000,
  /** An entry as JSON: the text of a message, or a job's result. */
  chatEntryBytesMax: 524_288,
  /** Unfinished answers and notices of one chat. */
  chatTasksMax: 100,
  /** Messages that one answer may become. The rest is left out, and the last message says so. */
  chatPartsMax: 20,
  /** Remembered deliveries of one chat. */
  chatLogMax: 20,
  /** Threads of one chat in which the bot is known to have been spoken to; others have to mention it again. */
  chatThreadsMax: 200,
  chatPhotoBytesMax: 5_242_880,
  /** Ids of messages that are known of a platform whose chats count them together. */
  chatIdsMax: 1_000,

  // Approvals and steering
  approvalSecondsDefault: 900,
  /**
   * Longest arguments, as JSON, that the patterns of approval rules are tried on. A call with longer ones needs
   * approval.
   */
  approvalMatchCharsMax: 8_192,
  /** Runs of one API key that may wait for an approval. Beyond this number calls are denied without asking. */
  parkedRunsPerKeyMax: 10_000,
  /** Answers to what an upstream asks are looked for so often, while it waits. */
  upstreamAskLookMs: 1_000,
  /** Answers remembered for one key, or for one session. */
  rememberedApprovalsMax: 1_000,
  sessionApprovalSeconds: 604_800,
  /** Questions of one call together with the call's state, and the answers to them, as JSON. */
  questionsCharsMax: 65_536,
  answersCharsMax: 16_384,
  steerCharsMax: 16_384,
  steersPerRunMax: 64,

  // Schedules
  scheduleTextCharsMax: 256,
  scheduleIntervalSecondsMin: 60,
  /** How far away the first occurrence may be; two leap days are at most eight years apart. */
  scheduleHorizonDaysMax: 3_660,

  // What the store tells beside runs
  /** So long it is known what a run used, whatever becomes of the run. */
  usageDaysMax: 400,
  /** Of what was said in one run, for the search; words behind it are not found. */
  searchedCharsMax: 100_000,
  searchCharsMax: 256,

  // Conversations
  /** Turns of a conversation that come before a run's own input; older ones are left out. */
  historyTurnsMax: 2_000,
  /** Items of a conversation object. What a response adds at its end always fits; the next response is refused. */
  conversationItemsMax: 20_000,
  conversationBytesMax: 33_554_432,
  /** System and developer messages of all turns together. */
  systemTextCharsMax: 262_144,

  /**
   * A conversation is summarised for a request that wants this and names no bound once it has this many tokens: this
   * share of the model's window where the settings know it, else this number.
   */
  compactionShareDefault: 0.8,
  compactionTokensDefault: 100_000,

  // Run log
  runLogBytesMax: 16_777_216,
  /** Of a stored run while Redis is nearly full. */
  runLogTtlSecondsMin: 60,
  runLogTtlSeconds: 3_600,
  /** Backstop for a log whose run was never persisted: the scheduler has had a week to do so. */
  runLogOrphanTtlSeconds: 604_800,
  idempotencyTtlSeconds: 86_400,
  /**
   * Bytes of orders (requests with their contexts) that Redis holds for one API key. Counted are the orders of runs
   * that are live or not stored yet, and of stored runs whose order stays. A key that holds none may always have one,
   * of any size.
   */
  orderBytesPerKeyMax: 268_435_456,
  /**
   * An order up to this size stays with its log for the log's last hour, so that conversations continue without the
   * store: the order of a chat's turn is one message. A larger order is dropped once the store has it.
   */
  keptOrderBytesMax: 8_192,
  /** What a run asked besides its messages (tools, sampling), as JSON: up to this size its row keeps it. */
  askedMannerCharsMax: 16_384,
  /** Events that a worker may hold unacknowledged before the run has to wait for Redis. */
  unacknowledgedBytesMax: 4_194_304,
  /** Acknowledged events that a worker keeps, to send them again when Redis lost the tail of its append-only file. */
  replayRingBytesMax: 1_048_576,

  /** How long the encrypted key of another deployment waits for a worker that opens it. */
  credentialOfferSecondsMax: 3_600,

  // Sessions
  sessionIdCharsMax: 256,
  sessionTitleCharsMax: 200,
  /** Turns that wait in one session; more are refused with 429. */
  sessionTurnsWaitingMax: 100,
  /** Longest time from a run's place in its session to its open log; a slower run loses the place. */
  sessionTurnOpeningMsMax: 5_000,
  /** How long Redis remembers the last run of an idle session. By then the store must have that run's row. */
  sessionTurnsIdleSeconds: 86_400,

  // Relay
  /** Neighbouring deltas become one event of the log up to this size. */
  mergedDeltaCharsMax: 16_384,
  relayReadBatchMax: 500,
  /** Characters of one page, so that a page of large events has fewer of them. */
  relayReadCharsMax: 262_144,
  relayInboxEventsMax: 1_000,
  relayInboxCharsMax: 1_048_576,
  relayIdlePollMs: 1_000,
  relayIdlePollMsMax: 4_000,
  /** How long a listener stays connected while Redis does not answer. */
  relayOutageMsMax: 120_000,
  relayRetryMsMax: 2_000,
  /** How long `stop` waits for the run's terminal event before it answers "stopping". */
  stopWaitMsMax: 5_000,
  sseWriteStallSecondsMax: 60,
} as const;
