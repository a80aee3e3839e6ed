import { keyName } from '../values/api-keys.js';
import { httpUrl, integer, listOf, matching, secret, text, yesOrNo } from '../values/parsers.js';
import type { Variable } from './variable.js';

const slackUser = matching(/^[UW][A-Z0-9]{1,20}$/, 'an id such as U0123456789');
const slackChat = matching(/^[CDG][A-Z0-9]{1,20}$/, 'an id such as C0123456789');
const snowflake = matching(/^\d{1,20}$/, 'an id, a number');

/** The settings of Slack and Discord; a part of the one list in `variables.ts`. */
export const CHAT_VARIABLES = [
  {
    name: 'SLACK_BOT_TOKEN',
    path: 'slack.token',
    meaning: 'the bot that answers in Slack; `npm start` starts the messenger when it is set',
    secret: true,
    parser: matching(/^xox[a-z]-[A-Za-z0-9-]{10,500}$/, 'a bot token, xoxb-...'),
  },
  {
    name: 'SLACK_APP_TOKEN',
    path: 'slack.app_token',
    meaning: 'opens the socket on which Slack brings events (Socket Mode); unset: they come to `/webhooks/slack`',
    secret: true,
    parser: matching(/^xapp-[A-Za-z0-9-]{10,500}$/, 'an app-level token, xapp-...'),
  },
  {
    name: 'SLACK_SIGNING_SECRET',
    path: 'slack.signing_secret',
    meaning: 'signs what Slack brings to `/webhooks/slack`',
    secret: true,
    parser: secret,
  },
  {
    name: 'SLACK_API_ROOT',
    path: 'slack.api_root',
    meaning: "another server that speaks Slack's Web API; unset: https://slack.com/api",
    parser: httpUrl,
  },
  {
    name: 'SLACK_ALLOWED_USERS',
    path: 'slack.allowed_users',
    meaning: 'ids of users whom the bot hears everywhere; it hears nobody else',
    parser: listOf(slackUser),
  },
  {
    name: 'SLACK_ALLOWED_CHATS',
    path: 'slack.allowed_chats',
    meaning: 'ids of channels in which the bot hears everybody, and jobs deliver',
    parser: listOf(slackChat),
  },
  {
    name: 'SLACK_REPLY_TO_MODE',
    path: 'slack.reply_to_mode',
    default: 'first',
    meaning:
      '`first` or `all`: an answer in a channel stands in a thread below its question; `off`: in the channel itself',
    parser: text,
  },
  {
    name: 'SLACK_KEY',
    path: 'slack.key',
    default: 'default',
    meaning: 'name of the API key that the runs of chats belong to',
    parser: keyName,
  },
  {
    name: 'SLACK_FIRST_TOKENS',
    path: 'slack.first_tokens',
    default: '20',
    meaning: 'tokens of an answer after which its first text is shown, or 0.7 s after the first one',
    parser: integer(0, 10_000),
  },
  {
    name: 'SLACK_EDIT_MS',
    path: 'slack.edit_ms',
    default: '2000',
    meaning: 'milliseconds between edits of a growing answer; longer for long answers and in groups',
    parser: integer(1_000, 60_000),
  },
  {
    name: 'SLACK_STREAMS',
    path: 'slack.streams',
    default: 'true',
    meaning: "answers in threads grow as Slack's streams while few do; false: by edits alone",
    parser: yesOrNo,
  },
  {
    name: 'DISCORD_BOT_TOKEN',
    path: 'discord.token',
    meaning: 'the bot that answers in Discord; `npm start` starts the messenger when it is set',
    secret: true,
    parser: matching(/^[A-Za-z0-9_.-]{20,200}$/, 'the token of a bot'),
  },
  {
    name: 'DISCORD_API_ROOT',
    path: 'discord.api_root',
    meaning: "another server that speaks Discord's API; unset: https://discord.com/api",
    parser: httpUrl,
  },
  {
    name: 'DISCORD_ALLOWED_USERS',
    path: 'discord.allowed_users',
    meaning: 'ids of users whom the bot hears everywhere; it hears nobody else',
    parser: listOf(snowflake),
  },
  {
    name: 'DISCORD_ALLOWED_CHATS',
    path: 'discord.allowed_chats',
    meaning: 'ids of servers and channels in which the bot hears everybody; jobs deliver into the channels',
    parser: listOf(snowflake),
  },
  {
    name: 'DISCORD_REPLY_TO_MODE',
    path: 'discord.reply_to_mode',
    default: 'first',
    meaning: '`off`, `first` or `all`: which messages of an answer stand as replies',
    parser: text,
  },
  {
    name: 'DISCORD_KEY',
    path: 'discord.key',
    default: 'default',
    meaning: 'name of the API key that the runs of chats belong to',
    parser: keyName,
  },
  {
    name: 'DISCORD_FIRST_TOKENS',
    path: 'discord.first_tokens',
    default: '20',
    meaning: 'tokens of an answer after which its first text is shown, or 0.7 s after the first one',
    parser: integer(0, 10_000),
  },
  {
    name: 'DISCORD_EDIT_MS',
    path: 'discord.edit_ms',
    default: '2000',
    meaning: 'milliseconds between edits of a growing answer; longer for long answers and in groups',
    parser: integer(1_000, 60_000),
  },
] as const satisfies readonly Variable[];
