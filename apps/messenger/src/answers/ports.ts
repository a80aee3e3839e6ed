import type { ChatDelivery, ChatDesk, ChatWatch, WorkerInfo } from '#libs/contract';
import type { Inbound, Platform, PreviewPace, ReplyMode } from '#libs/messengers';
import type { Logger } from '#libs/platform';
import type { Runs } from '#libs/runs';

/** How a chat differs from the others. */
export interface ChatRules {
  /** Name of the API key that the chat's runs belong to. */
  readonly owner: string;
  readonly model: string;
  readonly instructions?: string;
  /** Names of tools, `*` at their end stands for anything; absent: as for every run of the key. */
  readonly tools?: readonly string[];
}

/** A platform that is set up, and how its chats are answered. */
export interface Messenger {
  readonly platform: Platform;
  readonly replyMode: ReplyMode;
  readonly pace: PreviewPace;
  /** @param chat the platform's own id. */
  rulesOf(chat: string, thread: string): ChatRules;
}

/** What answering needs of the world. */
export interface AnswerPorts {
  readonly runs: Runs;
  readonly desk: ChatDesk;
  readonly logger: Logger;
  now(): number;
  workers(): Promise<readonly WorkerInfo[]>;
  /** From the first token of an answer to its first text in the chat, in seconds. */
  onFirstText?(seconds: number): void;
}

/** An entry of a chat's inbox: what came in, the result of a job, or a run of one that may ask something. */
export type Entry =
  { readonly entryId: string; readonly kind: 'inbound'; readonly inbound: Inbound } | ChatDelivery | ChatWatch;
