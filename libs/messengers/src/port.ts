import type { JsonObject } from '#libs/contract';

export interface Button {
  readonly text: string;
  /** Comes back when it is pressed; at most 64 bytes. */
  readonly data: string;
}

/** One message as the platform takes it. */
export interface Content {
  /** At most `Capabilities.textMax` UTF-16 units. */
  readonly text: string;
  /** The platform's own marks on the text; without them the text is still readable. */
  readonly entities?: readonly JsonObject[];
  /** Rows of buttons, 25 in all at most: platforms show no more. Absent: none, an edit takes away those there were. */
  readonly buttons?: readonly (readonly Button[])[];
  /** The message is a file, and `text` stands below it. */
  readonly file?: { readonly name: string; readonly text: string };
}

/** A chat by the platform's own id; `thread` is empty outside of threads. */
interface InChat {
  readonly chat: string;
  readonly thread: string;
}

/** One call to a platform. */
export type Step =
  | (InChat & {
      readonly kind: 'send';
      readonly content: Content;
      /** The message that this one answers. */
      readonly replyTo?: string;
      /** Of this message, the same for every try. A platform that knows such keys takes the message once. */
      readonly key: string;
    })
  | { readonly kind: 'edit'; readonly chat: string; readonly id: string; readonly content: Content }
  | { readonly kind: 'remove'; readonly chat: string; readonly id: string }
  /** Looks for a message of ours that came after the id `after` and is none of those that are known. */
  | (InChat & { readonly kind: 'find'; readonly after: string; readonly known: readonly string[] })
  /** Shows a text that is about to be sent, where nothing stays of it. `key`: the same for every text of a message. */
  | (InChat & { readonly kind: 'draft'; readonly key: string; readonly content: Content })
  /** Begins a message that grows by `append`, and ends with `finish`. `text` of `finish`: the rest of it. */
  | (InChat & { readonly kind: 'begin'; readonly userId: string; readonly text: string })
  | { readonly kind: 'append'; readonly chat: string; readonly id: string; readonly text: string }
  | { readonly kind: 'finish'; readonly chat: string; readonly id: string; readonly text?: string }
  | (InChat & { readonly kind: 'typing' })
  /** Ends the waiting of who pressed a button. */
  | { readonly kind: 'pressed'; readonly queryId: string; readonly text: string }
  /** Fetches a file that came with a message. */
  | { readonly kind: 'fetch'; readonly fileId: string };

/** What a call came to. */
export type Outcome =
  /**
   * `id` of the message that was sent or found. `differs`: it was there already, with another content. `data`: the file
   * as a data URL.
   */
  | { readonly kind: 'done'; readonly id?: string; readonly differs?: true; readonly data?: string }
  /** The message already reads so. */
  | { readonly kind: 'unchanged' }
  /** There is no such message of ours; of a message that grows: it does not grow any more. */
  | { readonly kind: 'gone' }
  /** Nothing was done; the chat must not be called for so long. `isWide`: no chat may be called in this way. */
  | { readonly kind: 'wait'; readonly ms: number; readonly isWide?: true }
  /** Nothing was done, and the same call would be refused again. `markup`: because of its marks. */
  | { readonly kind: 'refused'; readonly why: string; readonly markup?: true }
  /** Nothing was done; it may be tried again. `token`: the platform refuses the bot's token. */
  | { readonly kind: 'unsent'; readonly why: string; readonly token?: true }
  /** Nobody knows whether it took effect. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Something that came in, and that this platform's allow-lists let through. */
export type Inbound = {
  /** `<platform>:<id of the chat>`. */
  readonly chat: string;
  readonly isGroup: boolean;
  readonly thread: string;
  readonly userId: string;
  /** What the chat is part of, where a platform's allow-lists name that too: the id of its server. */
  readonly server?: string;
} & (
  | {
      readonly kind: 'message';
      readonly id: string;
      /** Without the mention of the bot. */
      readonly text: string;
      readonly photos: readonly string[];
      /** The message of ours that this one answers. */
      readonly repliesTo?: string;
      /** It says nothing to the bot by itself: it is heard only in a thread in which the bot was spoken to before. */
      readonly isUnaddressed?: true;
    }
  | { readonly kind: 'button'; readonly queryId: string; readonly data: string }
  /** The platform's own stop button. */
  | { readonly kind: 'stop' }
);

/**
 * Takes what came in. Resolves when it is safe; rejects when it must come again. `stranger` is the id of a user who
 * wrote to the bot alone and is on no list.
 */
export type Sink = (updateId: string, inbound: Inbound | undefined, stranger?: string) => Promise<void>;

/** Where an intake gives what came in. */
export interface Inlet {
  readonly take: Sink;
  /** How far the intake before this one had come, as it noted it; undefined: there was none. */
  mark(): Promise<string | undefined>;
  setMark(mark: string): Promise<void>;
}

/** How often a kind of call may be made. */
export interface Pace {
  /** Between this call and the next one into the chat, in ms. 0: the call does not count for the chat. */
  readonly chatGapMs: number;
  /** Calls that share a limit; absent: all of the platform. */
  readonly bucket?: string;
  /** Between two calls of the bucket, in ms. */
  readonly platformGapMs: number;
  /** So much time of the bucket may be used in advance, in ms. */
  readonly burstMs?: number;
}

/** What a platform can do, and how often. Everything here is pure. */
export interface Capabilities {
  /** Of one message, in UTF-16 units. */
  readonly textMax: number;
  paceOf(kind: Step['kind'], isGroup: boolean): Pace;
  /** What stands before a command: `/`, or where the platform keeps that one for itself, `!`, and `/` as well. */
  readonly commandSign: '/' | '!';
  /** Whether a growing answer has a button that stops it. */
  readonly stopButton: boolean;
  readonly typing: boolean;
  /** Whether a message can say which one it answers (`repliesTo`). */
  readonly replies: boolean;
  /** How a growing answer is shown best. Everything can be edited. */
  previewOf(isGroup: boolean, thread: string): 'edit' | 'draft' | 'stream';
  /** A thread is a chat of its own, with an id of its own; `thread` is empty everywhere. */
  readonly threadsAreChats?: true;
  /** Whether a job can deliver into the chat of this id (`<platform>:` taken off). */
  isAllowedChat(chat: string): boolean;
  /** Whether this user is heard everywhere. */
  isAllowedUser(user: string): boolean;
  /** Whether a chat of this id is a group. A platform that cannot tell says yes. */
  isGroupChat(chat: string): boolean;
  /** An answer in Markdown as messages. */
  render(markdown: string): readonly Content[];
  /**
   * The ids that a message can have which was sent when `after` was the highest id known in the chat, the likeliest
   * first. With them a send whose outcome is unknown is looked up: the message that an edit finds is the one. Absent:
   * it is looked for by a `find`.
   */
  candidates?(after: string, count: number): readonly string[];
  /** Private chats count their ids together: an id that is known in one is lower than any that comes in another. */
  readonly sharesIds?: true;
  /** An id that no message has which is sent from now on; where ids do not tell the time, `0`. */
  idBefore(now: number): string;
  /** The later one of two ids of a chat. */
  later(a: string, b: string): string;
  /** Absent: the platform is asked for what came in, see `receive`. */
  readonly webhook?: {
    /** Behind the address of the service. */
    readonly path: string;
    /** @param body as it came. @param now in ms. */
    isGenuine(headers: Readonly<Record<string, unknown>>, body: string, now: number): boolean;
  };
}

/** A chat platform. A new one is a folder and a line in `registry.ts`. */
export interface Platform {
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Without `pushed` it asks for what came in, and gives it to the inlet until `signal` aborts: one process at a time.
   * With `pushed`, the body of a genuine webhook call, it gives that one to the inlet. Rejects then only, as
   * `Inlet.take` does. @returns what the webhook is to be answered with.
   */
  receive(inlet: Inlet, signal: AbortSignal, pushed?: string): Promise<JsonObject | undefined>;
  /** Makes one call. Never rejects. */
  post(step: Step, signal: AbortSignal): Promise<Outcome>;
}
