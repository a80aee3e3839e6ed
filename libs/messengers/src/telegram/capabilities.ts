import { timingSafeEqual } from 'node:crypto';
import { LIMITS, type JsonObject } from '#libs/contract';
import type { Capabilities, Content, Step } from '../port.js';
import { cutText } from '../text/cut-text.js';
import { readMarkdown } from '../text/read-markdown.js';
import type { Mark, RichText } from '../text/rich-text.js';
import { splitText } from '../text/split-text.js';
import type { TelegramSettings } from './telegram-settings.js';

/** sendMessage, `text`: 1 to 4096 characters after entities parsing. */
const TEXT_MAX = 4_096;
/** More marks on one message are not shown. */
const ENTITIES_MAX = 100;
/** "Avoid sending more than one message per second" into a chat, and 20 a minute into a group (Bots FAQ). */
const PRIVATE_GAP_MS = 1_050;
const GROUP_GAP_MS = 3_100;
/**
 * "No more than about 30 messages per second" in all. Twenty leave half a second for what holds calls up: a machine, a
 * network.
 */
const BOT_GAP_MS = 50;
const IN_FILE = 'The whole answer is in this file.';

/** They are no messages. */
const SMALL: ReadonlySet<Step['kind']> = new Set(['typing', 'pressed', 'fetch']);

export function telegramCapabilities({ allowedUsers, allowedChats, drafts, webhook }: TelegramSettings): Capabilities {
  const allowed = new Set([...allowedUsers, ...allowedChats]);
  return {
    textMax: TEXT_MAX,
    paceOf: (kind, isGroup) => ({
      chatGapMs: SMALL.has(kind) ? 0 : isGroup ? GROUP_GAP_MS : PRIVATE_GAP_MS,
      platformGapMs: BOT_GAP_MS,
    }),
    commandSign: '/',
    // A draft has one of its own.
    stopButton: false,
    typing: true,
    replies: true,
    previewOf: (isGroup) => (drafts && !isGroup ? 'draft' : 'edit'),
    isAllowedChat: (chat) => allowed.has(chat),
    isAllowedUser: (user) => allowedUsers.includes(user),
    isGroupChat: (chat) => chat.startsWith('-'),
    render,
    // Ids of a chat only grow, by one with each message of anybody.
    candidates: (after, count) => Array.from({ length: count }, (_, i) => String(Number(after) + i + 1)),
    sharesIds: true,
    idBefore: () => '0',
    later: (a, b) => (Number(a) >= Number(b) ? a : b),
    ...(webhook && {
      webhook: {
        path: 'telegram',
        isGenuine: (headers, _body, _now) => isSecret(headers['x-telegram-bot-api-secret-token'], webhook.secret),
      },
    }),
  };
}

function render(markdown: string): readonly Content[] {
  const charsMax = TEXT_MAX * LIMITS.chatPartsMax;
  const isLong = markdown.length > charsMax;
  const parts = splitText(readMarkdown(cutText(markdown, charsMax)), TEXT_MAX);
  if (!isLong && parts.length <= LIMITS.chatPartsMax) return parts.map(contentOf);
  const file: Content = { text: IN_FILE, file: { name: 'answer.md', text: markdown } };
  return [...parts.slice(0, LIMITS.chatPartsMax - 1).map(contentOf), file];
}

function contentOf({ text, marks }: RichText): Content {
  const entities = marks.slice(0, ENTITIES_MAX).map(entityOf);
  return { text, ...(entities.length > 0 && { entities }) };
}

/** MessageEntity of the Bot API: its offsets count UTF-16 units as ours do. */
function entityOf({ type, offset, length, url, language }: Mark): JsonObject {
  return { type, offset, length, ...(url !== undefined && { url }), ...(language !== undefined && { language }) };
}

/** Compares in a time that says nothing about the secret. */
function isSecret(given: unknown, secret: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
