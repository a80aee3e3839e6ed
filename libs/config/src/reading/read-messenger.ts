import type { ChatConfig, MessengerConfig, TelegramConfig, ToolsConfig } from '../config.js';
import type { Values } from '../settings/variables.js';
import type { FileSettings } from './read-file.js';
import { isReadFor, type Sources } from './sources.js';

/** The chat platforms that are set up; for other services than the messenger none is. */
export function readMessenger(sources: Sources, file: FileSettings, given: MessengerSources): MessengerConfig {
  const { values } = given;
  const telegram = isReadFor(sources, 'messenger') ? readTelegram(sources, file, given) : undefined;
  return { port: values.MESSENGER_PORT, ...(telegram && { telegram }) };
}

interface MessengerSources {
  readonly values: Values;
  readonly tools: ToolsConfig;
}

function readTelegram(sources: Sources, file: FileSettings, given: MessengerSources): TelegramConfig | undefined {
  const { values } = given;
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret } = values;
  const { problems } = sources;
  if (token === undefined) {
    // The messenger alone needs it: the others share its file and not its secrets.
    if (sources.service === 'messenger') problems.add('TELEGRAM_BOT_TOKEN', 'missing; a messenger needs a platform');
    return undefined;
  }
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
    ...(url !== undefined && secret !== undefined && { webhook: { url, secret } }),
    chats: file.telegramChats.map((entry) => chatOf(sources, entry, given.tools)),
  };
}

function chatOf({ problems }: Sources, entry: FileSettings['telegramChats'][number], tools: ToolsConfig): ChatConfig {
  const { path, chat = '', thread, key, model, prompt, toolsets } = entry;
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
