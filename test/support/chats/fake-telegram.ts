import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formOf } from './limits.js';

/** A message in a chat, as its members see it. */
export interface FakeMessage {
  readonly id: number;
  readonly chat: number;
  readonly from: 'bot' | 'user';
  text: string;
  entities: readonly Record<string, unknown>[];
  buttons: readonly { readonly text: string; readonly callback_data: string }[];
  readonly replyTo?: number;
  readonly thread?: number;
  /** The name of a file. */
  readonly file?: string;
  /** Everything that it showed. */
  readonly versions: string[];
}

export interface FakeCall {
  readonly at: number;
  readonly method: string;
  readonly chat: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What becomes of a call. `cut-before` and `cut-after`: the connection breaks, without and with an effect. */
export type Mishap =
  | { readonly kind: 'cut-before' | 'cut-after' }
  | { readonly kind: 'status'; readonly status: number; readonly description: string; readonly after?: true }
  | { readonly kind: 'penalty'; readonly seconds: number };

/**
 * One call a second into a chat, as the platform publishes, over some seconds: what a busy machine holds up a little
 * arrives closer to the call behind it.
 */
const PER_CHAT = { count: 4, ms: 3_000 };
const PER_GROUP = { count: 20, ms: 60_000 };
const IN_ALL = { count: 30, ms: 1_000 };
const COUNTED = new Set([
  'sendMessage',
  'sendMessageDraft',
  'sendDocument',
  'editMessageText',
  'editMessageCaption',
  'deleteMessage',
]);

/**
 * A server that speaks the part of the Bot API that the messenger uses, on loopback: its limits per chat, per group and
 * in all, which it counts violations of and answers with 429, and mishaps of every kind.
 */
export class FakeTelegram {
  readonly calls: FakeCall[] = [];
  readonly violations: string[] = [];
  readonly messages = new Map<string, FakeMessage>();
  readonly answers: { readonly id: string; readonly text: string }[] = [];
  /** Asked before each call. */
  mishap: (call: FakeCall) => Mishap | undefined = () => undefined;
  /** What each draft showed, by its chat. */
  readonly drafts = new Map<number, string[]>();
  webhook: { readonly url: string; readonly secret: string } | undefined;
  private readonly updates: { update_id: number }[] = [];
  private readonly penalties = new Map<number, number>();
  private nextMessage = 1;
  private nextUpdate = 1;
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.handle(request, response));
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** A user writes. Ids of groups are negative. @returns the update, to be brought once more, say. */
  say(chat: number, text: string, more: { user?: number; thread?: number; replyTo?: number; photo?: true } = {}) {
    const id = this.nextMessage++;
    const { user = 7, thread, replyTo, photo } = more;
    const versions = [text];
    this.messages.set(`${chat} ${id}`, { id, chat, from: 'user', text, entities: [], buttons: [], versions });
    const mention = text.indexOf('@talaria_bot');
    const update = {
      update_id: this.nextUpdate++,
      message: {
        message_id: id,
        date: 1,
        chat: { id: chat, type: chat < 0 ? 'supergroup' : 'private' },
        from: { id: user, is_bot: false, first_name: 'U' },
        ...(photo ? { caption: text, photo: [{ file_id: 'p1', width: 1, height: 1, file_size: 4 }] } : { text }),
        ...(mention >= 0 && { entities: [{ type: 'mention', offset: mention, length: 12 }] }),
        ...(thread !== undefined && { is_topic_message: true, message_thread_id: thread }),
        ...(replyTo !== undefined && {
          reply_to_message: { message_id: replyTo, from: { id: 99, is_bot: true, first_name: 'B' } },
        }),
      },
    };
    this.updates.push(update);
    return update;
  }

  /** A user presses a button of a message of the bot. */
  press(message: FakeMessage, data: string, user = 7) {
    const update = {
      update_id: this.nextUpdate++,
      callback_query: {
        id: `q${this.nextUpdate}`,
        from: { id: user, is_bot: false, first_name: 'U' },
        chat_instance: '1',
        data,
        message: {
          message_id: message.id,
          date: 1,
          chat: { id: message.chat, type: message.chat < 0 ? 'supergroup' : 'private' },
        },
      },
    };
    this.updates.push(update);
    return update;
  }

  /** A user presses the stop button of a draft. */
  stopDraft(chat: number) {
    const stopped = { chat: { id: chat, type: 'private' }, draft_id: 1 };
    const update = { update_id: this.nextUpdate++, stopped_message_generation: stopped };
    this.updates.push(update);
    return update;
  }

  /** The same update once more. */
  repeat(update: { update_id: number }): void {
    this.updates.push(update);
  }

  /** The messages of the bot in a chat, the oldest first. */
  of(chat: number): FakeMessage[] {
    return [...this.messages.values()].filter((one) => one.chat === chat && one.from === 'bot');
  }

  /** Nobody may call into a chat for so long. */
  penalise(chat: number, seconds: number): void {
    this.penalties.set(chat, Date.now() + seconds * 1_000);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, method = ''] = /^\/bot[^/]+\/(\w+)/.exec(request.url ?? '') ?? [];
    if (request.url?.startsWith('/file/')) return void response.end(Buffer.from([255, 216, 255, 217]));
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const isJson = text === '' || text.startsWith('{');
    const body = isJson ? (JSON.parse(text || '{}') as Record<string, unknown>) : formOf(text);
    const call: FakeCall = { at: Date.now(), method, chat: Number(body['chat_id'] ?? 0), body };
    const mishap = this.mishap(call);
    if (mishap?.kind === 'cut-before') return void request.socket.destroy();
    if (mishap?.kind === 'penalty') this.penalise(call.chat, mishap.seconds);
    const isNever = mishap?.kind === 'status' && !mishap.after;
    const refusal = isNever ? undefined : this.refusalOf(call);
    this.calls.push(call);
    const answer = isNever ? {} : (refusal ?? (await this.answerTo(call)));
    if (mishap?.kind === 'cut-after') return void request.socket.destroy();
    const status = mishap?.kind === 'status' ? mishap.status : Number(answer['error_code'] ?? 200);
    const told =
      mishap?.kind === 'status'
        ? { ok: false, error_code: mishap.status, description: mishap.description }
        : { ok: status === 200, ...answer };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told));
  }

  /** 429 and a note of the violation, when a limit is broken. */
  private refusalOf({ method, chat, at }: FakeCall): Record<string, unknown> | undefined {
    if (!COUNTED.has(method) && method !== 'sendChatAction') return undefined;
    const until = this.penalties.get(chat) ?? 0;
    if (at < until) {
      const isFresh = this.calls.some((call) => call.chat === chat && COUNTED.has(call.method) && call.at > at - 500);
      if (isFresh && method !== 'sendChatAction') this.violations.push(`${method} into ${chat} during a penalty`);
      return tooMany(Math.ceil((until - at) / 1_000));
    }
    if (!COUNTED.has(method)) return undefined;
    const counted = this.calls.filter((call) => COUNTED.has(call.method) && call.at > at - PER_GROUP.ms);
    const here = counted.filter((call) => call.chat === chat);
    if (here.filter((call) => call.at > at - PER_CHAT.ms).length >= PER_CHAT.count) {
      return this.violation(`more than a call a second into ${chat}`);
    }
    if (chat < 0 && here.length >= PER_GROUP.count) return this.violation(`more than 20 a minute into ${chat}`);
    if (counted.filter((call) => call.at > at - IN_ALL.ms).length >= IN_ALL.count) return this.violation('30 a second');
    return undefined;
  }

  private violation(what: string): Record<string, unknown> {
    this.violations.push(what);
    return tooMany(1);
  }

  private async answerTo({ method, chat, body }: FakeCall): Promise<Record<string, unknown>> {
    switch (method) {
      case 'getMe':
        return { result: { id: 99, is_bot: true, first_name: 'B', username: 'talaria_bot' } };
      case 'getUpdates':
        return { result: await this.updatesFrom(Number(body['offset'] ?? 0)) };
      case 'setWebhook':
        this.webhook = { url: String(body['url']), secret: String(body['secret_token']) };
        return { result: true };
      case 'sendMessage':
        return this.send(chat, body);
      case 'sendDocument':
        return this.send(chat, { ...body, text: body['caption'] });
      case 'sendMessageDraft':
        this.drafts.set(chat, [...(this.drafts.get(chat) ?? []), String(body['text'])]);
        return { result: true };
      case 'editMessageText':
        return this.edit(chat, body);
      case 'editMessageCaption':
        return this.edit(chat, { ...body, text: body['caption'] });
      case 'deleteMessage':
        return this.messages.delete(`${chat} ${Number(body['message_id'])}`) ? { result: true } : NOT_FOUND;
      case 'answerCallbackQuery':
        this.answers.push({ id: String(body['callback_query_id']), text: String(body['text']) });
        return { result: true };
      case 'getFile':
        return { result: { file_id: 'p1', file_unique_id: 'u', file_path: 'photos/1.jpg', file_size: 4 } };
      default:
        return { result: true };
    }
  }

  private async updatesFrom(offset: number): Promise<readonly object[]> {
    const old = this.updates.findIndex(({ update_id: id }) => id >= offset);
    this.updates.splice(0, old < 0 ? this.updates.length : old);
    for (let waited = 0; this.updates.length === 0 && waited < 1_000; waited += 20) await sleep(20);
    return this.updates.slice(0, 100);
  }

  private send(chat: number, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const problem = problemOf(body);
    if (problem) return problem;
    const id = this.nextMessage++;
    const { message_id: replyTo } = (body['reply_parameters'] ?? {}) as { message_id?: number };
    const thread = body['message_thread_id'] as number | undefined;
    const shown = shownOf(body);
    this.messages.set(`${chat} ${id}`, {
      id,
      chat,
      from: 'bot',
      ...shown,
      versions: [shown.text],
      ...(replyTo !== undefined && { replyTo }),
      ...(thread !== undefined && { thread }),
      ...(body['file'] !== undefined && { file: String(body['file']) }),
    });
    return { result: { message_id: id, date: 1, chat: { id: chat, type: 'private' } } };
  }

  private edit(chat: number, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const found = this.messages.get(`${chat} ${Number(body['message_id'])}`);
    if (!found) return NOT_FOUND;
    if (found.from !== 'bot') return bad("message can't be edited");
    const problem = problemOf(body);
    if (problem) return problem;
    const { text, entities, buttons } = found;
    const shown = shownOf(body);
    if (JSON.stringify({ text, entities, buttons }) === JSON.stringify(shown)) return bad('message is not modified');
    Object.assign(found, shown);
    found.versions.push(shown.text);
    return { result: { message_id: found.id, date: 1, chat: { id: chat, type: 'private' } } };
  }
}

const tooMany = (seconds: number): Record<string, unknown> => ({
  error_code: 429,
  description: `Too Many Requests: retry after ${seconds}`,
  parameters: { retry_after: seconds },
});
const bad = (description: string): Record<string, unknown> => ({
  error_code: 400,
  description: `Bad Request: ${description}`,
});
const NOT_FOUND = bad('message to edit not found');

function problemOf({ text, entities }: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  if (typeof text !== 'string' || text.trim() === '') return bad('message text is empty');
  if (text.length > 4_096) return bad('message is too long');
  const marks = (entities ?? []) as { offset: number; length: number }[];
  if (marks.some(({ offset, length }) => offset + length > text.length)) return bad("can't parse entities");
  return undefined;
}

function shownOf(body: Readonly<Record<string, unknown>>) {
  const { inline_keyboard: rows = [] } = (body['reply_markup'] ?? {}) as {
    inline_keyboard?: { text: string; callback_data: string }[][];
  };
  return {
    text: String(body['text']),
    entities: (body['entities'] ?? []) as Record<string, unknown>[],
    buttons: rows.flat(),
  };
}
