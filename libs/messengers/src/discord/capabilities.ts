import type { Capabilities, Content, Pace, Step } from '../port.js';
import { partsOf } from '../text/parts-of.js';
import { fenceTables } from '../text/fence-tables.js';
import type { DiscordSettings } from './discord-settings.js';

/** Of a message ("Create Message", `content`). */
const TEXT_MAX = 2_000;
/** Five messages in five seconds for a channel; each answer's headers say what is left. */
const CHANNEL_GAP_MS = 1_150;
/**
 * "Bots can make up to 50 requests per second" in all ("Rate Limits"); answers to buttons do not count. A third of them
 * is left for what holds calls up.
 */
const BOT_GAP_MS = 30;
/** Ids count milliseconds from here, in the bits above the 22nd ("Snowflakes"). */
const EPOCH = 1_420_070_400_000n;

/** They are no messages. */
const SMALL: ReadonlySet<Step['kind']> = new Set(['typing', 'fetch']);

export function discordCapabilities({ allowedUsers, allowedChats }: DiscordSettings): Capabilities {
  return {
    textMax: TEXT_MAX,
    paceOf,
    commandSign: '!',
    stopButton: true,
    typing: true,
    replies: true,
    previewOf: () => 'edit',
    threadsAreChats: true,
    isAllowedChat: (chat) => allowedChats.includes(chat),
    isAllowedUser: (user) => allowedUsers.includes(user),
    // An id does not tell.
    isGroupChat: () => true,
    render: (markdown) => partsOf(fenceTables(markdown), { textMax: TEXT_MAX, entities: MARKDOWN, hasFiles: true }),
    idBefore: (now) => String((BigInt(Math.floor(now)) - EPOCH) << 22n),
    later: (a, b) => (BigInt(a) >= BigInt(b) ? a : b),
  };
}

function paceOf(kind: Step['kind']): Pace {
  if (kind === 'pressed') return { chatGapMs: 0, platformGapMs: 0, bucket: 'pressed' };
  return { chatGapMs: SMALL.has(kind) ? 0 : CHANNEL_GAP_MS, platformGapMs: BOT_GAP_MS };
}

/** The text is Markdown. */
const MARKDOWN: NonNullable<Content['entities']> = [{ type: 'markdown' }];
