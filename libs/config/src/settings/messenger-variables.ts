import { keyName } from '../values/api-keys.js';
import { httpUrl, integer, listOf, matching, port, text, yesOrNo } from '../values/parsers.js';
import type { Variable } from './variable.js';

const chatId = matching(/^-?\d{1,20}$/, 'an id, a number');

/** The settings of chat platforms; a part of the one list in `variables.ts`. */
export const MESSENGER_VARIABLES = [
  {
    name: 'MESSENGER_PORT',
    path: 'messenger.port',
    default: '8646',
    meaning: "the messenger's port for health and webhooks, on `HEALTH_HOST`; `npm start` takes a free one unless set",
    parser: port,
  },
  {
    name: 'TELEGRAM_BOT_TOKEN',
    path: 'telegram.token',
    meaning: 'the bot that answers in Telegram; `npm start` starts the messenger when it is set',
    secret: true,
    parser: matching(/^\d{1,20}:[A-Za-z0-9_-]{10,100}$/, 'the token that BotFather gave, such as 123456:ABC...'),
  },
  {
    name: 'TELEGRAM_API_ROOT',
    path: 'telegram.api_root',
    meaning: "another server that speaks Telegram's Bot API; unset: https://api.telegram.org",
    parser: httpUrl,
  },
  {
    name: 'TELEGRAM_ALLOWED_USERS',
    path: 'telegram.allowed_users',
    meaning: 'ids of users whom the bot hears everywhere; it hears nobody else',
    parser: listOf(chatId),
  },
  {
    name: 'TELEGRAM_ALLOWED_CHATS',
    path: 'telegram.allowed_chats',
    meaning: 'ids of chats and groups in which the bot hears everybody',
    parser: listOf(chatId),
  },
  {
    name: 'TELEGRAM_REPLY_TO_MODE',
    path: 'telegram.reply_to_mode',
    default: 'first',
    meaning:
      '`off`, `first` or `all`: which messages of an answer stand as replies; an unknown word behaves as `first`',
    parser: text,
  },
  {
    name: 'TELEGRAM_KEY',
    path: 'telegram.key',
    default: 'default',
    meaning: 'name of the API key that the runs of chats belong to',
    parser: keyName,
  },
  {
    name: 'TELEGRAM_FIRST_TOKENS',
    path: 'telegram.first_tokens',
    default: '20',
    meaning: 'tokens of an answer after which its first text is shown, or 0.7 s after the first one',
    parser: integer(0, 10_000),
  },
  {
    name: 'TELEGRAM_EDIT_MS',
    path: 'telegram.edit_ms',
    default: '1500',
    meaning: 'milliseconds between edits of a growing answer; three times as long in groups, longer for long answers',
    parser: integer(1_000, 60_000),
  },
  {
    name: 'TELEGRAM_DRAFTS',
    path: 'telegram.drafts',
    default: 'false',
    meaning: "answers grow as Telegram's drafts, with its stop button, in private chats; groups have no drafts",
    parser: yesOrNo,
  },
  {
    name: 'TELEGRAM_WEBHOOK_URL',
    path: 'telegram.webhook_url',
    meaning: "public https address that leads to the messenger's `/webhooks/telegram`; unset: the bot asks for updates",
    parser: httpUrl,
  },
  {
    name: 'TELEGRAM_WEBHOOK_SECRET',
    path: 'telegram.webhook_secret',
    meaning: 'shown by Telegram with every update; 1 to 256 of A-Z a-z 0-9 _ -',
    secret: true,
    parser: matching(/^[A-Za-z0-9_-]{16,256}$/, '16 to 256 of A-Z a-z 0-9 _ -'),
  },
] as const satisfies readonly Variable[];
