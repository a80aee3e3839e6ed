import type { OnTrouble } from '../intake.js';

export interface SlackSettings {
  /** Of the bot, `xoxb-`. */
  readonly token: string;
  /** Of the app, `xapp-`: events come through a socket. Absent: through the webhook. */
  readonly appToken?: string;
  /** Signs what comes through the webhook; absent: there is none. */
  readonly signingSecret?: string;
  /** Another server that speaks Slack's Web API; absent: Slack's own. */
  readonly apiRoot?: string;
  readonly allowedUsers: readonly string[];
  readonly allowedChats: readonly string[];
  /** Answers stand in a thread below the question; else in the channel. */
  readonly threads: boolean;
  /** Answers grow as Slack's own streams where there is room for them; else by edits alone. */
  readonly streams: boolean;
  /** Told of failures of the intake. */
  readonly onTrouble?: OnTrouble;
}
