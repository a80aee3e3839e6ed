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
  /** Rows of buttons. Absent: none, and an edit takes away those that were there. */
  readonly buttons?: readonly (readonly Button[])[];
}

/** One call to a platform. `chat` is the platform's own id; `thread` is empty outside of threads. */
export type Step =
  | {
      readonly kind: 'send';
      readonly chat: string;
      readonly thread: string;
      readonly content: Content;
      /** The message that this one answers. */
      readonly replyTo?: string;
    }
  | { readonly kind: 'edit'; readonly chat: string; readonly id: string; readonly content: Content }
  | { readonly kind: 'remove'; readonly chat: string; readonly id: string }
  | { readonly kind: 'typing'; readonly chat: string; readonly thread: string }
  /** Ends the waiting of who pressed a button. */
  | { readonly kind: 'pressed'; readonly queryId: string; readonly text: string }
  /** Fetches a file that came with a message. */
  | { readonly kind: 'fetch'; readonly fileId: string };

/** What a call came to. */
export type Outcome =
  /** `id` of the message that was sent; `data`: the file as a data URL. */
  | { readonly kind: 'done'; readonly id?: string; readonly data?: string }
  /** The message already reads so. */
  | { readonly kind: 'unchanged' }
  /** There is no such message of ours. */
  | { readonly kind: 'gone' }
  /** Nothing was done; the chat must not be called for so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Nothing was done, and the same call would be refused again. `markup`: because of its marks. */
  | { readonly kind: 'refused'; readonly why: string; readonly markup?: true }
  /** Nothing was done; it may be tried again. */
  | { readonly kind: 'unsent'; readonly why: string }
  /** Nobody knows whether it took effect. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Something that came in, and that this platform's allow-lists let through. */
export type Inbound = {
  /** `<platform>:<id of the chat>`. */
  readonly chat: string;
  readonly isGroup: boolean;
  readonly thread: string;
  readonly userId: string;
} & (
  | {
      readonly kind: 'message';
      readonly id: string;
      /** Without the mention of the bot. */
      readonly text: string;
      readonly photos: readonly string[];
      /** The message of ours that this one answers. */
      readonly repliesTo?: string;
    }
  | { readonly kind: 'button'; readonly queryId: string; readonly data: string }
);

/** Takes what came in. Resolves when it is safe; rejects when it must come again. */
export type Sink = (updateId: string, inbound: Inbound | undefined) => Promise<void>;

/** What a platform can do, and how often. Everything here is pure. */
export interface Capabilities {
  /** Of one message, in UTF-16 units. */
  readonly textMax: number;
  /** Between two calls into a chat, in ms. */
  chatGapMs(isGroup: boolean): number;
  /** Between two calls of the bot, in ms. */
  readonly platformGapMs: number;
  /** Whether the id of a chat (`<platform>:` taken off) can be delivered into by a job. */
  isAllowedChat(chat: string): boolean;
  /** An answer in Markdown as messages. */
  render(markdown: string): readonly Content[];
  /**
   * The ids that a message can have which was sent when `after` was the highest id known in the chat, the likeliest
   * first. With them a send whose outcome is unknown is looked up: the message that an edit finds is the one.
   */
  candidates(after: string, count: number): readonly string[];
  /** The later one of two ids of a chat. */
  later(a: string, b: string): string;
  /** Absent: the platform is asked for what came in, see `receive`. */
  readonly webhook?: {
    /** Behind the address of the service. */
    readonly path: string;
    isGenuine(headers: Readonly<Record<string, unknown>>): boolean;
  };
}

/** A chat platform. A new one is a folder and a line in `registry.ts`. */
export interface Platform {
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Without `pushed` it asks for what came in, and gives it to `sink` until `signal` aborts: one process at a time.
   * With `pushed`, the body of a webhook call, it gives that one to `sink`. Rejects then only, as `sink` does.
   */
  receive(sink: Sink, signal: AbortSignal, pushed?: unknown): Promise<void>;
  /** Makes one call. Never rejects. */
  post(step: Step, signal: AbortSignal): Promise<Outcome>;
}
