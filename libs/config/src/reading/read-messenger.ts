import type {
  ChatConfig,
  ChatPlatformConfig,
  MessengerConfig,
  SlackConfig,
  TelegramConfig,
} from '../messenger-config.js';
import type { ToolsConfig } from '../config.js';
import type { Values } from '../settings/variables.js';
import type { ChatPlatform, FileSettings } from './read-file.js';
import { isReadFor, type Sources } from './sources.js';

/** The configured chat platforms; none for services other than the messenger. */
export function readMessenger(sources: Sources, file: FileSettings, given: MessengerSources): MessengerConfig {
  const { values } = given;
  if (!isReadFor(sources, 'messenger')) return { port: values.MESSENGER_PORT };
  const chatsOf = (platform: ChatPlatform): readonly ChatConfig[] =>
    file.chats[platform].map((entry) => chatOf(sources, platform, entry, given.tools));
  const telegram = readTelegram(sources, values, chatsOf('telegram'));
  const slack = readSlack(sources, values, chatsOf('slack'));
  const discord = readDiscord(values, chatsOf('discord'));
  // The messenger alone needs one: the others share its file and not its secrets.
  if (sources.service === 'messenger' && !telegram && !slack && !discord) {
    sources.problems.add('TELEGRAM_BOT_TOKEN', 'missing, as are SLACK_BOT_TOKEN and DISCORD_BOT_TOKEN; one is needed');
  }
  return {
    port: values.MESSENGER_PORT,
    ...(telegram && { telegram }),
    ...(slack && { slack }),
    ...(discord && { discord }),
  };
}

interface MessengerSources {
  readonly values: Values;
  readonly tools: ToolsConfig;
}

type Chats = readonly ChatConfig[];

function readTelegram({ problems }: Sources, values: Values, chats: Chats): TelegramConfig | undefined {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret } = values;
  if (token === undefined) return undefined;
  if (url !== undefined && secret === undefined) {
    problems.add('TELEGRAM_WEBHOOK_SECRET', 'missing; TELEGRAM_WEBHOOK_URL needs one, or anybody could send updates');
  }
  return {
    token,
    ...(values.TELEGRAM_API_ROOT !== undefined && { apiRoot: values.TELEGRAM_API_ROOT }),
    allowedUsers: values.TELEGRAM_ALLOWED_USERS ?? [],
    allowedChats: values.TELEGRAM_ALLOWED_CHATS ?? [],
    replyToMode: values.TELEGRAM_REPLY_TO_MODE,
    key: values.TELEGRAM_KEY,
    firstTokens: values.TELEGRAM_FIRST_TOKENS,
    editMs: values.TELEGRAM_EDIT_MS,
    drafts: values.TELEGRAM_DRAFTS,
    ...(url !== undefined && secret !== undefined && { webhook: { url, secret } }),
    chats,
  };
}

function readSlack({ problems }: Sources, values: Values, chats: Chats): SlackConfig | undefined {
  const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = values;
  if (token === undefined) return undefined;
  if (appToken === undefined && signingSecret === undefined) {
    problems.add('SLACK_APP_TOKEN', 'missing, as is SLACK_SIGNING_SECRET; events come in by one of them');
  }
  return {
    token,
    ...(appToken !== undefined && { appToken }),
    ...(signingSecret !== undefined && { signingSecret }),
    ...(values.SLACK_API_ROOT !== undefined && { apiRoot: values.SLACK_API_ROOT }),
    allowedUsers: values.SLACK_ALLOWED_USERS ?? [],
    allowedChats: values.SLACK_ALLOWED_CHATS ?? [],
    replyToMode: values.SLACK_REPLY_TO_MODE,
    key: values.SLACK_KEY,
    firstTokens: values.SLACK_FIRST_TOKENS,
    editMs: values.SLACK_EDIT_MS,
    streams: values.SLACK_STREAMS,
    chats,
  };
}

function readDiscord(values: Values, chats: Chats): ChatPlatformConfig | undefined {
  const { DISCORD_BOT_TOKEN: token } = values;
  if (token === undefined) return undefined;
  return {
    token,
    ...(values.DISCORD_API_ROOT !== undefined && { apiRoot: values.DISCORD_API_ROOT }),
    allowedUsers: values.DISCORD_ALLOWED_USERS ?? [],
    allowedChats: values.DISCORD_ALLOWED_CHATS ?? [],
    replyToMode: values.DISCORD_REPLY_TO_MODE,
    key: values.DISCORD_KEY,
    firstTokens: values.DISCORD_FIRST_TOKENS,
    editMs: values.DISCORD_EDIT_MS,
    chats,
  };
}

/** Ids of each platform. With one of another platform an entry would be for no chat, and nobody would know. */
const IDS: Readonly<Record<ChatPlatform, { readonly chat: RegExp; readonly thread: RegExp }>> = {
  telegram: { chat: /^-?\d+$/, thread: /^\d+$/ },
  slack: { chat: /^[CDG][A-Z0-9]+$/, thread: /^\d+\.\d+$/ },
  discord: { chat: /^\d+$/, thread: /^\d+$/ },
};

type ChatEntry = FileSettings['chats'][ChatPlatform][number];

function chatOf({ problems }: Sources, platform: ChatPlatform, entry: ChatEntry, tools: ToolsConfig): ChatConfig {
  const { path, chat = '', thread, key, model, prompt, toolsets } = entry;
  const ids = IDS[platform];
  if (chat !== '' && !ids.chat.test(chat)) problems.add(`${path}.chat`, `the id of a chat of ${platform}`, chat);
  if (thread !== undefined && !ids.thread.test(thread)) {
    problems.add(`${path}.thread`, `the id of a thread of ${platform}`, thread);
  }
  for (const wanted of toolsets ?? []) {
    if (!tools.toolsets.some(({ name }) => name === wanted)) {
      problems.add(`${path}.toolsets`, 'names of toolsets', wanted);
    }
  }
  return {
    chat,
    ...(thread !== undefined && { thread }),
    ...(key !== undefined && { key }),
    ...(model !== undefined && { model }),
    ...(prompt !== undefined && { prompt }),
    ...(toolsets !== undefined && { toolsets }),
  };
}
