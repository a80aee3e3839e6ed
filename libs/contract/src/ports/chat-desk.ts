/** A chat that this process writes into until it releases the chat or another process claims it. */
export interface ClaimedChat {
  /** `<platform>:<id of the chat>`. */
  readonly chat: string;
  /** Number of this claim of the chat. Saves of an earlier claim are refused. */
  readonly epoch: number;
  /** The state saved last; empty if none was saved. */
  readonly state: string;
}

export type ChatClaim = Pick<ClaimedChat, 'chat' | 'epoch'>;

/** When a call to a platform may be made. */
export type CallSlot =
  /** A time is reserved for this call: make it after so many milliseconds. */
  | { readonly kind: 'reserved'; readonly waitMs: number }
  /** The chat may not be called yet: ask again after this time. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** The wait would be longer than the caller accepts. Nothing was reserved. */
  | { readonly kind: 'refused' };

export interface SlotRequest {
  readonly chat: string;
  /** Least time between this call and the next one into the chat, in ms. 0: the call does not count for the chat. */
  readonly chatGapMs: number;
  /** Calls of one platform that share a limit; absent: those of the platform that have no name. */
  readonly bucket?: string;
  /** Between this call and the next one of its bucket, on whatever process, in ms. */
  readonly platformGapMs: number;
  /** So much time of its bucket may be used in advance, by a burst of calls; absent: none. */
  readonly burstMs?: number;
  /** The call is worth so long a wait, in ms. */
  readonly waitMsMax: number;
}

/** The result of a job, to be posted into its chat. */
export interface ChatDelivery {
  readonly kind: 'delivery';
  readonly entryId: string;
  /** Name of the API key; the chat must be one of its chats. */
  readonly owner: string;
  /** Empty outside threads. */
  readonly thread: string;
  /** Markdown. */
  readonly text: string;
}

/** A run whose questions are to be asked in a chat: that of a job which delivers there. */
export interface ChatWatch {
  readonly kind: 'watch';
  readonly entryId: string;
  /** Name of the API key; the chat must be one of its chats. */
  readonly owner: string;
  /** Empty outside of threads. */
  readonly thread: string;
  readonly runId: string;
}

/** The outcome of an entry that was handed in for a chat. `why` is shown to its owner. */
export type ChatOutcome =
  | { readonly kind: 'delivered' }
  /** Another try cannot help. */
  | { readonly kind: 'failed'; readonly why: string };

/**
 * Who looks after a platform. `now`: a messenger that runs. `before`: one has, and its results wait for it. `never`:
 * none, as far back as LIMITS.chatKnownSeconds.
 */
export type PlatformService = 'now' | 'before' | 'never';

/**
 * The chats of messengers, shared by all their processes: incoming entries, the writer of each chat, the messages
 * written, and the time of the next call. Time is the server's own. Every method rejects with GatewayError
 * `queue_unavailable` when the server does not answer.
 */
export interface ChatDesk {
  /**
   * Adds an entry to a chat's inbox, once per `entryId` within LIMITS.chatEntrySeenSeconds. `full`: LIMITS.chatInboxMax
   * entries of the chat already wait.
   */
  put(chat: string, entryId: string, entry: string): Promise<'new' | 'seen' | 'full'>;
  /** Claims chats that have work and no living writer, those that have waited longest first. */
  claim(holder: string, terms: { readonly limit: number; readonly ttlMs: number }): Promise<readonly ClaimedChat[]>;
  /** Prolongs a claim by `ttlMs` from now. false: another process has claimed the chat. */
  keep(claim: ChatClaim, ttlMs: number): Promise<boolean>;
  /** The number of waiting entries of each chat, in the order of the chats. */
  waiting(chats: readonly string[]): Promise<readonly number[]>;
  /** The oldest entries of a chat, at most `limit`. */
  entries(chat: string, limit: number): Promise<readonly string[]>;
  /** Saves the state and removes the oldest `taken` entries: both or neither. false: the claim is over. */
  save(claim: ChatClaim, state: string, taken: number): Promise<boolean>;
  /**
   * Ends the claim. A chat with entries can be claimed at once. Others can after `wakeMs`, or with their next entry.
   */
  release(claim: ChatClaim, wakeMs?: number): Promise<void>;
  /** Reserves a time for a call, so that all processes together call neither the chat nor the platform too often. */
  slot(request: SlotRequest): Promise<CallSlot>;
  /** Blocks all calls into the chat for `ms` milliseconds. */
  hold(chat: string, ms: number): Promise<void>;
  /** Nobody makes a call of the bucket for so long, in ms, whatever chat it is for. `chat` names the platform. */
  holdBucket(call: Pick<SlotRequest, 'chat' | 'bucket' | 'burstMs'>, ms: number): Promise<void>;
  /** Notes the id of a message where a platform counts the ids of many chats together. Ids are whole numbers. */
  noteId(platform: string, id: string): Promise<void>;
  /** The noted ids behind `after`, the lowest first. LIMITS.chatIdsMax are kept, the highest ones. */
  idsAfter(platform: string, after: string): Promise<readonly string[]>;
  /** The highest noted id; undefined: there is none. */
  highestId(platform: string): Promise<string | undefined>;
  /** Notes what became of an entry, for LIMITS.chatEntrySeenSeconds. */
  settle(entryId: string, outcome: ChatOutcome): Promise<void>;
  /** undefined when it is not known, or no longer known. */
  outcome(entryId: string): Promise<ChatOutcome | undefined>;
  /** Sets the chat that receives the job results of an API key when its jobs name only a platform. */
  setHome(owner: string, platform: string, address: string): Promise<void>;
  home(owner: string, platform: string): Promise<string | undefined>;
  /** A messenger says which platforms it looks after; this is forgotten after LIMITS.chatServedMs. */
  serve(platforms: readonly string[]): Promise<void>;
  served(platform: string): Promise<PlatformService>;
  /** Notes how far an intake has come, for whoever takes over from it. Empty: nothing is noted any more. */
  setMark(platform: string, mark: string): Promise<void>;
  mark(platform: string): Promise<string | undefined>;
}
