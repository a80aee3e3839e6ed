import { createHash } from 'node:crypto';
import { DiscordAPIError, type RawFile, type REST } from '@discordjs/rest';
import {
  ButtonStyle,
  ComponentType,
  InteractionResponseType,
  MessageFlags,
  Routes,
  type APIMessage,
} from 'discord-api-types/v10';
import { fetchImage } from '../fetch-image.js';
import type { Content, Outcome, Step } from '../port.js';
import { readOutcome } from './read-outcome.js';

export interface DiscordCalls {
  readonly rest: REST;
  readonly token: string;
  /** Hosts of attachments. */
  readonly fileHosts: ReadonlySet<string>;
  /** The id of the bot. */
  self(): Promise<string>;
}

/** Makes one call of Discord's API. Never rejects. */
export async function postStep(calls: DiscordCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  try {
    return await makeCall(calls, step, signal);
  } catch (cause) {
    // The client forgets its token after one 401, and makes no calls any more.
    if (cause instanceof DiscordAPIError && cause.status === 401) calls.rest.setToken(calls.token);
    return readOutcome(cause);
  }
}

async function makeCall(calls: DiscordCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  const { rest } = calls;
  switch (step.kind) {
    case 'send':
      return send(rest, step);
    case 'edit':
      await rest.patch(Routes.channelMessage(step.chat, step.id), { body: bodyOf(step.content) });
      return { kind: 'done' };
    case 'remove':
      await rest.delete(Routes.channelMessage(step.chat, step.id));
      return { kind: 'done' };
    case 'find':
      return find(calls, step);
    case 'typing':
      await rest.post(Routes.channelTyping(step.chat));
      return { kind: 'done' };
    case 'pressed': {
      const [id = '', token = ''] = step.queryId.split(':');
      const data = { content: step.text, flags: MessageFlags.Ephemeral };
      const body = { type: InteractionResponseType.ChannelMessageWithSource, data };
      await rest.post(Routes.interactionCallback(id, token), { body, auth: false });
      return { kind: 'done' };
    }
    case 'fetch':
      if (!URL.canParse(step.fileId) || !calls.fileHosts.has(new URL(step.fileId).host)) {
        return { kind: 'refused', why: 'no file of Discord' };
      }
      return fetchImage(step.fileId, { signal });
    case 'draft':
    case 'begin':
    case 'append':
    case 'finish':
      return { kind: 'refused', why: 'Discord has no such call' };
  }
}

/** A message with the same nonce is made once within some minutes: Discord answers with the one that is there. */
async function send(rest: REST, { chat, content, replyTo, key }: Extract<Step, { kind: 'send' }>): Promise<Outcome> {
  const nonce = createHash('sha256').update(key).digest('hex').slice(0, NONCE_CHARS);
  const reply = replyTo === undefined ? {} : { message_reference: { message_id: replyTo, fail_if_not_exists: false } };
  const body = { ...bodyOf(content), ...reply, nonce, enforce_nonce: true };
  const { file } = content;
  const files: RawFile[] = file
    ? [{ name: file.name, data: Buffer.from(file.text), contentType: 'text/markdown' }]
    : [];
  const sent = (await rest.post(Routes.channelMessages(chat), { body, files })) as APIMessage;
  return { kind: 'done', id: sent.id, ...(sent.content !== body.content && { differs: true as const }) };
}

/** 25 at most. */
const NONCE_CHARS = 24;

/** The oldest message of ours that nobody knows. Needs the permission to read the history. */
async function find({ rest, self }: DiscordCalls, step: Extract<Step, { kind: 'find' }>): Promise<Outcome> {
  const query = new URLSearchParams({ after: step.after, limit: '100' });
  const messages = (await rest.get(Routes.channelMessages(step.chat), { query })) as APIMessage[];
  const own = await self();
  const ids = messages.filter(({ author, id }) => author.id === own && !step.known.includes(id)).map(({ id }) => id);
  const [oldest] = ids.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  return oldest === undefined ? { kind: 'gone' } : { kind: 'done', id: oldest };
}

/** Nobody is called by a mention that a model writes. Links show no previews. */
function bodyOf({ text, buttons = [] }: Content) {
  // A row for each button would leave no place after the fifth one.
  const components = chunksOf(buttons.flat(), ROW_BUTTONS_MAX)
    .slice(0, ROWS_MAX)
    .map((row) => ({
      type: ComponentType.ActionRow,
      components: row.map(({ text: label, data }) => ({
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: label.slice(0, LABEL_CHARS_MAX),
        custom_id: data,
      })),
    }));
  return { content: text, components, allowed_mentions: { parse: [] }, flags: MessageFlags.SuppressEmbeds };
}

/** "An action row can contain up to five buttons", a message up to five rows. */
const ROW_BUTTONS_MAX = 5;
const ROWS_MAX = 5;
const LABEL_CHARS_MAX = 80;

function chunksOf<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
