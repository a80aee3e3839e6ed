import type { Chat, Message, MessageEntity, MessageGenerationStopped, Update, User } from '@grammyjs/types';
import { LIMITS } from '#libs/contract';
import type { Inbound } from '../port.js';

/** Whose bot this is, and whom it hears. */
export interface Hearing {
  readonly botId: number;
  /** Without the `@`. */
  readonly botName: string;
  /** Ids of users and of chats, as text. A message is heard when either list has its sender or its chat. */
  readonly users: ReadonlySet<string>;
  readonly chats: ReadonlySet<string>;
}

/** The kinds of updates that `readUpdate` knows; Telegram sends no others then. */
export const UPDATES = ['message', 'callback_query', 'stopped_message_generation'] as const;

/**
 * What an update says to the bot; undefined: nothing that it hears. In a group that is a message which mentions the
 * bot, answers one of its messages, or is a command without another bot's name.
 */
export function readUpdate(update: Update, hearing: Hearing): Inbound | undefined {
  const { message, callback_query: query, stopped_message_generation: stopped } = update;
  if (stopped) return readStop(stopped, hearing);
  if (query) {
    const at = query.message;
    if (!at || query.data === undefined || !isHeard(query.from, at.chat, hearing)) return undefined;
    const place = placeOf(at.chat, 'is_topic_message' in at ? at : undefined);
    return { ...place, userId: String(query.from.id), kind: 'button', queryId: query.id, data: query.data };
  }
  return message && readMessage(message, hearing);
}

/** The user of a private message who is on no list; undefined: it is none of such a user. */
export function strangerIn({ message }: Update, hearing: Hearing): string | undefined {
  if (!message?.from || message.from.is_bot || message.chat.type !== 'private') return undefined;
  return isHeard(message.from, message.chat, hearing) ? undefined : String(message.from.id);
}

/** A private chat has the id of its user. */
function readStop({ chat, message_thread_id: thread }: MessageGenerationStopped, { users, chats }: Hearing) {
  const id = String(chat.id);
  if (!users.has(id) && !chats.has(id)) return undefined;
  const place = { chat: `telegram:${id}`, isGroup: false, thread: thread === undefined ? '' : String(thread) };
  return { ...place, userId: id, kind: 'stop' } as const;
}

function readMessage(message: Message, hearing: Hearing): Inbound | undefined {
  const { from, chat, reply_to_message: answered } = message;
  if (!from || from.is_bot || !isHeard(from, chat, hearing)) return undefined;
  const place = placeOf(chat, message);
  const { text, marks } = wordsOf(message);
  const isReplyToUs = answered?.from?.id === hearing.botId;
  const said = withoutMention(text, marks, hearing);
  if (place.isGroup && !isReplyToUs && said === undefined && !isOurCommand(text, hearing)) return undefined;
  const photos = photosOf(message);
  const words = (said ?? text).trim();
  if (words === '' && photos.length === 0) return undefined;
  return {
    ...place,
    userId: String(from.id),
    kind: 'message',
    id: String(message.message_id),
    text: words,
    photos,
    ...(isReplyToUs && { repliesTo: String(answered.message_id) }),
  };
}

function wordsOf({ text, caption, entities, caption_entities: captionMarks }: Message) {
  return { text: text ?? caption ?? '', marks: entities ?? captionMarks ?? [] };
}

function placeOf(chat: Chat, message: { is_topic_message?: boolean; message_thread_id?: number } | undefined) {
  const thread = message?.is_topic_message === true ? message.message_thread_id : undefined;
  return {
    chat: `telegram:${chat.id}`,
    isGroup: chat.type !== 'private',
    thread: thread === undefined ? '' : String(thread),
  };
}

const isHeard = (from: User, chat: Chat, { users, chats }: Hearing): boolean =>
  users.has(String(from.id)) || chats.has(String(chat.id));

/** The text without the mentions of the bot; undefined: there is none. */
function withoutMention(text: string, marks: readonly MessageEntity[], hearing: Hearing): string | undefined {
  const name = `@${hearing.botName}`.toLowerCase();
  let said = text;
  let isMentioned = false;
  // From the end, so that the offsets of those before stay right.
  for (const mark of [...marks].sort((a, b) => b.offset - a.offset)) {
    const words = text.slice(mark.offset, mark.offset + mark.length).toLowerCase();
    const isName = mark.type === 'mention' && words === name;
    if (!isName && !(mark.type === 'text_mention' && mark.user.id === hearing.botId)) continue;
    said = said.slice(0, mark.offset) + said.slice(mark.offset + mark.length);
    isMentioned = true;
  }
  return isMentioned ? said : undefined;
}

/** `/stop` and `/stop@ourbot`, not `/stop@otherbot`. */
function isOurCommand(text: string, { botName }: Hearing): boolean {
  const [, name] = /^\/\w{1,32}(?:@(\w+))?(?:\s|$)/.exec(text) ?? [undefined, '-'];
  return name === undefined || name.toLowerCase() === botName.toLowerCase();
}

/** The largest size of the photo that we fetch; its smallest one when all are larger. */
function photosOf({ photo = [] }: Message): readonly string[] {
  const byWidth = [...photo].sort((a, b) => a.width - b.width);
  const fitting = byWidth.filter(({ file_size: bytes = 0 }) => bytes <= LIMITS.chatPhotoBytesMax);
  const chosen = fitting.at(-1) ?? byWidth[0];
  return chosen ? [chosen.file_id] : [];
}
