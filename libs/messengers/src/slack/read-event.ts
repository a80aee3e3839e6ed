import type { Inbound } from '../port.js';

/** Whose bot this is, and whom it hears. */
export interface Hearing {
  /** `U...` of the bot. */
  readonly botUser: string;
  readonly users: ReadonlySet<string>;
  readonly chats: ReadonlySet<string>;
  /** A message in a channel begins a thread. */
  readonly threads: boolean;
}

/** What an envelope or a webhook call says, and its id: the same when Slack brings it again. */
export interface Heard {
  readonly id: string;
  readonly inbound: Inbound | undefined;
  /** Who wrote to the bot alone and is on no list. */
  readonly stranger?: string;
}

interface SlackFile {
  readonly mimetype?: string;
  readonly url_private?: string;
  readonly size?: number;
}

interface SlackEvent {
  readonly type?: string;
  readonly subtype?: string;
  readonly channel?: string;
  readonly channel_type?: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly text?: string;
  readonly ts?: string;
  readonly event_ts?: string;
  readonly thread_ts?: string;
  readonly files?: readonly SlackFile[];
}

/** Kinds of messages that a person wrote: the others tell of edits, joins and the like. */
const SAID: ReadonlySet<string | undefined> = new Set([undefined, 'file_share', 'thread_broadcast']);

/**
 * What a payload says to the bot: an `event_callback` of the Events API, or `block_actions` of a button; undefined:
 * nothing that we know. A message that mentions the bot comes as `message` and as `app_mention`: both have one id.
 */
export function readPayload(payload: unknown, hearing: Hearing): Heard | undefined {
  const { type, event } = (payload ?? {}) as { readonly type?: string; readonly event?: SlackEvent };
  if (type === 'block_actions') return readPress(payload, hearing);
  if (type !== 'event_callback' || !event) return undefined;
  if (event.type === 'agent_session_stopped') return readStop(event, hearing);
  const { channel, user, ts } = event;
  if ((event.type !== 'message' && event.type !== 'app_mention') || !SAID.has(event.subtype)) return undefined;
  if (!channel || !user || !ts || event.bot_id !== undefined || user === hearing.botUser) return undefined;
  const id = `slack ${channel} ${ts}`;
  if (!isHeard(user, channel, hearing)) return { id, inbound: undefined, ...strangerIn(event, user) };
  return { id, inbound: readMessage(event, { channel, user, ts }, hearing) };
}

const strangerIn = ({ channel_type: kind }: SlackEvent, user: string): Pick<Heard, 'stranger'> =>
  kind === 'im' ? { stranger: user } : {};

function readMessage(
  event: SlackEvent,
  { channel, user, ts }: { readonly channel: string; readonly user: string; readonly ts: string },
  { botUser, threads }: Hearing,
): Inbound | undefined {
  const isGroup = isGroupChannel(channel);
  const mention = `<@${botUser}>`;
  const text = event.text ?? '';
  const isMentioned = text.includes(mention);
  const own = event.thread_ts ?? '';
  // Whether the bot was spoken to in this thread before, only the chat's writer knows.
  if (isGroup && !isMentioned && own === '') return undefined;
  const words = plain(text.replaceAll(mention, '')).trim();
  const photos = (event.files ?? []).filter(isImage).flatMap(({ url_private: url }) => url ?? []);
  if (words === '' && photos.length === 0) return undefined;
  return {
    kind: 'message',
    chat: `slack:${channel}`,
    isGroup,
    thread: own !== '' || !isGroup || !threads ? own : ts,
    userId: user,
    id: ts,
    text: words,
    photos: photos.slice(0, PHOTOS_MAX),
    ...(isGroup && !isMentioned && { isUnaddressed: true as const }),
  };
}

const PHOTOS_MAX = 4;
const isImage = ({ mimetype = '' }: SlackFile): boolean => /^image\/(png|jpeg|gif|webp)$/.test(mimetype);

function readPress(payload: unknown, hearing: Hearing): Heard | undefined {
  const { user, channel, message, actions } = payload as {
    readonly user?: { readonly id?: string };
    readonly channel?: { readonly id?: string };
    readonly message?: { readonly thread_ts?: string };
    readonly actions?: readonly { readonly value?: string; readonly action_ts?: string }[];
  };
  const [action] = actions ?? [];
  if (!user?.id || !channel?.id || action?.value === undefined) return undefined;
  const [userId, id, thread] = [user.id, channel.id, message?.thread_ts ?? ''];
  const place = { chat: `slack:${id}`, isGroup: isGroupChannel(id), thread, userId };
  const press: Inbound = { ...place, kind: 'button', queryId: `${id} ${userId} ${thread}`, data: action.value };
  const inbound = isHeard(userId, id, hearing) ? press : undefined;
  return { id: `slack press ${id} ${userId} ${action.action_ts ?? action.value}`, inbound };
}

/** The stop button that Slack shows on a stream. */
function readStop({ channel, user, thread_ts: thread = '', event_ts: at = '' }: SlackEvent, hearing: Hearing) {
  if (!channel || !user) return undefined;
  const stop: Inbound = {
    kind: 'stop',
    chat: `slack:${channel}`,
    isGroup: isGroupChannel(channel),
    thread,
    userId: user,
  };
  return { id: `slack stop ${channel} ${at}`, inbound: isHeard(user, channel, hearing) ? stop : undefined };
}

const isGroupChannel = (channel: string): boolean => !channel.startsWith('D');

const isHeard = (user: string, channel: string, { users, chats }: Hearing): boolean =>
  users.has(user) || chats.has(channel);

/** Slack's own marks as plain text: `<https://x|name>`, `<#C1|name>`, `&amp;`. */
function plain(text: string): string {
  return text
    .replace(/<(https?:[^|>]+)\|([^>]*)>/g, '$2 ($1)')
    .replace(/<(https?:[^|>]+)>/g, '$1')
    .replace(/<[#!][^|>]*\|([^>]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
