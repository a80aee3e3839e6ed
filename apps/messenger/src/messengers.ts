import type { Config, TelegramConfig } from '#libs/config';
import { createPlatforms, replyModeOf } from '#libs/messengers';
import type { Logger } from '#libs/platform';
import type { ChatRules, Messenger } from './answers/ports.js';

/** The platforms that are set up, and the rules of their chats. */
export function createMessengers(config: Config, logger: Logger): readonly Messenger[] {
  const { telegram } = config.messenger;
  if (!telegram) return [];
  const onTrouble = (why: string): void => logger.warn({ why, platform: 'telegram' }, 'updates do not come in');
  const { replyToMode, firstTokens, editMs } = telegram;
  return createPlatforms({ telegram: { ...telegram, onTrouble } }).map((platform) => ({
    platform,
    replyMode: replyModeOf(replyToMode),
    pace: { firstTokens, editMs },
    rulesOf: (chat, thread) => rulesOf(config, telegram, { chat, thread }),
  }));
}

/** The entry for the thread counts before the one for the whole chat. */
function rulesOf(config: Config, { chats, key }: TelegramConfig, at: { chat: string; thread: string }): ChatRules {
  const ofChat = chats.filter(({ chat }) => chat === at.chat);
  const entry = ofChat.find(({ thread }) => thread === at.thread) ?? ofChat.find(({ thread }) => thread === undefined);
  const sets = entry?.toolsets;
  const tools = sets && config.tools.toolsets.filter(({ name }) => sets.includes(name)).flatMap((set) => set.tools);
  return {
    owner: entry?.key ?? key,
    model: entry?.model ?? config.models.defaultName,
    ...(entry?.prompt !== undefined && { instructions: entry.prompt }),
    ...(tools && { tools }),
  };
}
