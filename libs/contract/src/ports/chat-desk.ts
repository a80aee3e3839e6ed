/** A chat that this process writes into, until it gives it back or another process has claimed it. */
export interface ClaimedChat {
  /** `<platform>:<id of the chat>`. */
  readonly chat: string;
  /** Counts the claims of the chat. What an earlier claim saves is refused. */
  readonly epoch: number;
  /** As it was saved last; empty: never. */
  readonly state: string;
}

export type ChatClaim = Pick<ClaimedChat, 'chat' | 'epoch'>;

/** When a call to a platform may be made. */
export type CallSlot =
  /** The call's own place: it is made after so many milliseconds. */
  | { readonly kind: 'reserved'; readonly waitMs: number }
  /** The chat may not be called yet: ask again then. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** It would wait for longer than the caller wants to. Nothing was reserved. */
  | { readonly kind: 'refused' };

export interface SlotRequest {
  readonly chat: string;
  /** Between this call and the next one into the chat, in ms. 0: the call does not count for the chat. */
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

/** An entry that is to be posted into its chat: the result of a job. */
export interface ChatDelivery {
  readonly kind: 'delivery';
  readonly entryId: string;
  /** Name of the API key; the chat must be one of its chats. */
  readonly owner: string;
  /** Empty outside of threads. */
  readonly thread: string;
  /** Markdown. */
  readonly text: string;
}

/** What became of something that was handed in for a chat. `why` is shown to its owner. */
export type ChatOutcome =
  | { readonly kind: 'delivered' }
  /** Trying again cannot help. */
  | { readonly kind: 'failed'; readonly why: string };

/**
 * The chats of messengers, as all their processes see them: what came in, who writes, what was written, and when the
 * next call may be made. Time is the server's own. Every method rejects with GatewayError `queue_unavailable` when the
 * server does not answer.
 */
export interface ChatDesk {
  /**
   * Puts an entry behind the others of a chat, once per `entryId` within LIMITS.chatEntrySeenSeconds. `full`: the chat
   * has LIMITS.chatInboxMax entries that nobody took.
   */
  put(chat: string, entryId: string, entry: string): Promise<'new' | 'seen' | 'full'>;
  /** Claims chats that have something to do and no living writer, those that wait longest first. */
  claim(holder: string, terms: { readonly limit: number; readonly ttlMs: number }): Promise<readonly ClaimedChat[]>;
  /** Prolongs a claim by `ttlMs` from now. false: another process has claimed the chat. */
  keep(claim: ChatClaim, ttlMs: number): Promise<boolean>;
  /** Of each chat, how many entries wait; in the order of the chats. */
  waiting(chats: readonly string[]): Promise<readonly number[]>;
  /** The oldest entries of a chat, at most `limit`. */
  entries(chat: string, limit: number): Promise<readonly string[]>;
  /** Saves the state and takes the oldest `taken` entries out, both or neither. false: the claim is over. */
  save(claim: ChatClaim, state: string, taken: number): Promise<boolean>;
  /** Ends the claim. A chat with entries can be claimed at once; others after `wakeMs`, or with their next entry. */
  release(claim: ChatClaim, wakeMs?: number): Promise<void>;
  /** Finds a call its time, so that neither the chat nor the platform is called too often by all processes together. */
  slot(request: SlotRequest): Promise<CallSlot>;
  /** Nobody calls into the chat for so long, in ms. */
  hold(chat: string, ms: number): Promise<void>;
  /** Nobody makes a call of the bucket for so long, in ms, whatever chat it is for. `chat` names the platform. */
  holdBucket(call: Pick<SlotRequest, 'chat' | 'bucket' | 'burstMs'>, ms: number): Promise<void>;
  /** Notes what became of an entry, for LIMITS.chatEntrySeenSeconds. */
  settle(entryId: string, outcome: ChatOutcome): Promise<void>;
  /** undefined: not known, or not any more. */
  outcome(entryId: string): Promise<ChatOutcome | undefined>;
  /** The chat where the jobs of an API key deliver when they name a platform alone. */
  setHome(owner: string, platform: string, address: string): Promise<void>;
  home(owner: string, platform: string): Promise<string | undefined>;
  /** Notes how far an intake has come, for whoever takes over from it. Empty: nothing is noted any more. */
  setMark(platform: string, mark: string): Promise<void>;
  mark(platform: string): Promise<string | undefined>;
}
