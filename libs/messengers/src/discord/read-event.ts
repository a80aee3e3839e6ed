import { InteractionType, MessageType, type GatewayDispatchPayload } from 'discord-api-types/v10';
import { LIMITS } from '#libs/contract';
import type { Inbound } from '../port.js';

/** Whose bot this is, and whom it hears. */
export interface Hearing {
  readonly botId: string;
  readonly users: ReadonlySet<string>;
  /** Servers and channels. */
  readonly chats: ReadonlySet<string>;
}

/** What an event says, and its id: the same when Discord brings it again. */
export interface Heard {
  readonly id: string;
  readonly inbound: Inbound | undefined;
  /** Who wrote to the bot alone and is on no list. */
  readonly stranger?: string;
}

type Said = Extract<GatewayDispatchPayload, { readonly t: 'MESSAGE_CREATE' }>['d'];
type Pressed = Extract<GatewayDispatchPayload, { readonly t: 'INTERACTION_CREATE' }>['d'];

/** What an event of the gateway says to the bot; undefined: nothing that we know. */
export function readEvent(event: GatewayDispatchPayload, hearing: Hearing): Heard | undefined {
  if (event.t === 'MESSAGE_CREATE') {
    const stranger = strangerIn(event.d, hearing);
    const inbound = readMessage(event.d, hearing);
    return { id: `discord ${event.d.id}`, inbound, ...(stranger !== undefined && { stranger }) };
  }
  if (event.t === 'INTERACTION_CREATE') return readPress(event.d, hearing);
  return undefined;
}

function strangerIn({ author, guild_id: server, channel_id: channel }: Said, hearing: Hearing): string | undefined {
  if (author.bot || server !== undefined) return undefined;
  return isHeard({ user: author.id, channel, server }, hearing) ? undefined : author.id;
}

/** In a server that is a message which mentions the bot, or answers one of its messages. */
function readMessage(said: Said, hearing: Hearing): Inbound | undefined {
  const { author, channel_id: channel, guild_id: server, content, mentions, attachments, type } = said;
  if (author.bot || (type !== MessageType.Default && type !== MessageType.Reply)) return undefined;
  if (!isHeard({ user: author.id, channel, server }, hearing)) return undefined;
  const answered = said.referenced_message?.author.id;
  const isReplyToUs = answered !== undefined && answered === hearing.botId;
  const isMentioned = mentions.some(({ id }) => id === hearing.botId);
  const isGroup = server !== undefined;
  if (isGroup && !isMentioned && !isReplyToUs) return undefined;
  const text = content.replaceAll(new RegExp(`<@!?${hearing.botId}>`, 'g'), '').trim();
  const photos = attachments.filter(isPhoto).map(({ url }) => url);
  if (text === '' && photos.length === 0) return undefined;
  return {
    kind: 'message',
    chat: `discord:${channel}`,
    isGroup,
    // A thread of Discord is a channel of its own.
    thread: '',
    userId: author.id,
    id: said.id,
    text,
    photos: photos.slice(0, PHOTOS_MAX),
    ...(server !== undefined && { server }),
    ...(isReplyToUs && said.referenced_message && { repliesTo: said.referenced_message.id }),
  };
}

const PHOTOS_MAX = 4;

function isPhoto({ content_type: type = '', size }: Said['attachments'][number]): boolean {
  return /^image\/(png|jpeg|gif|webp)$/.test(type) && size <= LIMITS.chatPhotoBytesMax;
}

function readPress(pressed: Pressed, hearing: Hearing): Heard | undefined {
  if (pressed.type !== InteractionType.MessageComponent) return undefined;
  const { id, token, data, channel, guild_id: server, member, user } = pressed;
  const userId = (member?.user ?? user)?.id;
  if (userId === undefined) return undefined;
  const press: Inbound = {
    kind: 'button',
    chat: `discord:${channel.id}`,
    isGroup: server !== undefined,
    thread: '',
    userId,
    queryId: `${id}:${token}`,
    data: data.custom_id,
    ...(server !== undefined && { server }),
  };
  const inbound = isHeard({ user: userId, channel: channel.id, server }, hearing) ? press : undefined;
  return { id: `discord press ${id}`, inbound };
}

interface Place {
  readonly user: string;
  readonly channel: string;
  readonly server: string | undefined;
}

const isHeard = ({ user, channel, server }: Place, { users, chats }: Hearing): boolean =>
  users.has(user) || chats.has(channel) || (server !== undefined && chats.has(server));
