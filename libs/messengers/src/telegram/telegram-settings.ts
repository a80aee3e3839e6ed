import type { OnTrouble } from '../intake.js';

export interface TelegramSettings {
  readonly token: string;
  /** Another server that speaks the Bot API; absent: Telegram's own. */
  readonly apiRoot?: string;
  readonly allowedUsers: readonly string[];
  readonly allowedChats: readonly string[];
  /** Answers grow as drafts in private chats; absent: as messages that are edited. */
  readonly drafts?: boolean;
  /** Where Telegram brings updates; absent: they are asked for. */
  readonly webhook?: { readonly url: string; readonly secret: string };
  /** Told of failures of the intake. */
  readonly onTrouble?: OnTrouble;
}
