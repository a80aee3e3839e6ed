import type { ChatPlatformConfig, Config } from '#libs/config';
import { createPlatforms, replyModeOf } from '#libs/messengers';
import type { Logger } from '#libs/platform';
import type { ChatRules, Messenger } from './answers/ports.js';
import type { Tokens } from './tokens.js';

/** The platforms that are set up, and the rules of their chats. */
export function createMessengers(config: Config, logger: Logger, tokens: Tokens): readonly Messenger[] {
  const { telegram, slack, discord } = config.messenger;
  const heard = (platform: string) => ({
    onTrouble: (why: string, token = false): void => {
      if (token) tokens.refuse(platform, why);
      else logger.warn({ why, platform }, 'updates do not come in');
    },
  });
  const platforms = createPlatforms({
    ...(telegram && { telegram: { ...telegram, ...heard('telegram') } }),
    ...(slack && { slack: { ...slack, ...heard('slack'), threads: replyModeOf(slack.replyToMode) !== 'off' } }),
    ...(discord && { discord: { ...discord, ...heard('discord') } }),
  });
  const settings: Readonly<Record<string, ChatPlatformConfig | undefined>> = { telegram, slack, discord };
  return platforms.flatMap((platform) => {
    const own = settings[platform.name];
    if (!own) return [];
    const { replyToMode, firstTokens, editMs } = own;
    const { threadsAreChats } = platform.capabilities;
    const rules = (chat: string, thread: string): ChatRules =>
      rulesOf(config, own, threadsAreChats ? { chat, thread: chat } : { chat, thread });
    return {
      platform: tokens.watch(platform),
      replyMode: replyModeOf(replyToMode),
      pace: { firstTokens, editMs },
      rulesOf: rules,
    };
  });
}

/**
 * The entry for the thread counts before the one for the whole chat. Where a thread is a chat of its own, it has both
 * ids, and what it is part of is not known.
 */
function rulesOf(config: Config, { chats, key }: ChatPlatformConfig, at: { chat: string; thread: string }): ChatRules {
  const isHere = (chat: string): boolean => chat === at.chat || at.thread === at.chat;
  const entry =
    chats.find(({ chat, thread }) => isHere(chat) && thread === at.thread) ??
    chats.find(({ chat, thread }) => chat === at.chat && thread === undefined);
  const sets = entry?.toolsets;
  const tools = sets && config.tools.toolsets.filter(({ name }) => sets.includes(name)).flatMap((set) => set.tools);
  return {
    owner: entry?.key ?? key,
    model: entry?.model ?? config.models.defaultName,
    ...(entry?.prompt !== undefined && { instructions: entry.prompt }),
    ...(tools && { tools }),
  };
}
