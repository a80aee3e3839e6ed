export interface MessengerConfig {
  readonly port: number;
  /** Absent: there is no bot. The tokens themselves are read for the messenger only. */
  readonly telegram?: TelegramConfig;
  readonly slack?: SlackConfig;
  readonly discord?: ChatPlatformConfig;
}

export interface TelegramConfig extends ChatPlatformConfig {
  /** Answers grow as drafts in private chats. */
  readonly drafts: boolean;
  readonly webhook?: { readonly url: string; readonly secret: string };
}

export interface SlackConfig extends ChatPlatformConfig {
  /** Events come through a socket; absent: through the webhook. */
  readonly appToken?: string;
  readonly signingSecret?: string;
  /** Answers grow as Slack's streams where there is room for them. */
  readonly streams: boolean;
}

/** What every chat platform has. */
export interface ChatPlatformConfig {
  /** Of the bot. */
  readonly token: string;
  /** Another server that speaks the platform's protocol. */
  readonly apiRoot?: string;
  /** Ids as text. When both are empty, the bot hears nobody. */
  readonly allowedUsers: readonly string[];
  readonly allowedChats: readonly string[];
  /** The text of the setting; an unknown word behaves like `first`. */
  readonly replyToMode: string;
  /** Name of the API key that runs belong to. */
  readonly key: string;
  readonly firstTokens: number;
  readonly editMs: number;
  /** Chats that differ from the others. */
  readonly chats: readonly ChatConfig[];
}

/** Absent fields: the platform's setting for all chats. */
export interface ChatConfig {
  readonly chat: string;
  /** Absent: every thread of the chat. */
  readonly thread?: string;
  readonly key?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly toolsets?: readonly string[];
}
