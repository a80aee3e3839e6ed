import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { Limits, type Mishap } from './limits.js';

export const SLACK_BOT = 'UBOT';

/** A message in a channel, as its members see it. */
export interface SlackMessage {
  readonly ts: string;
  readonly channel: string;
  readonly thread: string;
  readonly from: 'bot' | 'user';
  text: string;
  buttons: readonly { readonly text: string; readonly value: string }[];
  grows: boolean;
  /** Everything that it showed. */
  readonly versions: string[];
}

export interface SlackCall {
  readonly at: number;
  readonly method: string;
  readonly channel: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Answer = Readonly<Record<string, unknown>>;

const MINUTE = 60_000;
/** Tiers 2, 3 and 4, and "several hundred per minute" of chat.postMessage. */
const PER_METHOD: Readonly<Record<string, number>> = {
  'chat.postMessage': 300,
  'chat.update': 50,
  'chat.delete': 50,
  'chat.startStream': 20,
  'chat.appendStream': 100,
  'chat.stopStream': 20,
  'chat.postEphemeral': 100,
  'conversations.history': 50,
  'conversations.replies': 50,
};
/** One message a second into a channel, over some seconds. */
const PER_CHANNEL = { count: 4, ms: 3_000 };

/**
 * A server that speaks the part of Slack's Web API and of Socket Mode that the messenger uses, on loopback. It enforces
 * the published limits, counts violations, and has mishaps of every kind. An event that nobody acknowledged is brought
 * again, to whoever connects next.
 */
export class FakeSlack {
  readonly calls: SlackCall[] = [];
  readonly limits = new Limits();
  readonly messages = new Map<string, SlackMessage>();
  readonly ephemeral: { readonly user: string; readonly text: string }[] = [];
  /** Asked before each call. */
  mishap: (call: SlackCall) => Mishap | undefined = () => undefined;
  private readonly pending = new Map<string, object>();
  private readonly sockets = new Set<WebSocket>();
  private readonly socketServer = new WebSocketServer({ noServer: true });
  private server: Server | undefined;
  private port = 0;
  private nextTs = 100;

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.handle(request, response));
    this.server.on('upgrade', (request, socket, head) => {
      this.socketServer.handleUpgrade(request, socket, head, (one) => this.greet(one));
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}/api`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** A user writes. @returns the event, to be brought once more, say. */
  say(channel: string, text: string, more: { user?: string; thread?: string; photo?: string } = {}) {
    const { user = 'U7', thread, photo } = more;
    const ts = this.newTs();
    this.add({ ts, channel, thread: thread ?? '', from: 'user', text });
    const event = {
      type: text.includes(`<@${SLACK_BOT}>`) ? 'app_mention' : 'message',
      channel,
      user,
      text,
      ts,
      ...(thread !== undefined && { thread_ts: thread }),
      ...(photo !== undefined && { files: [{ mimetype: 'image/png', url_private: photo, size: 4 }] }),
    };
    this.bring('events_api', { type: 'event_callback', event_id: randomUUID(), event });
    return event;
  }

  /** A user presses a button of a message of the bot. */
  press({ channel, ts, thread }: SlackMessage, value: string, user = 'U7'): void {
    this.bring('interactive', {
      type: 'block_actions',
      user: { id: user },
      channel: { id: channel },
      message: { ts, ...(thread !== '' && { thread_ts: thread }) },
      actions: [{ value, action_ts: this.newTs() }],
    });
  }

  /** A user presses the stop button of a message that grows. */
  stopGrowing(message: SlackMessage, user = 'U7'): void {
    message.grows = false;
    const { channel, thread, ts } = message;
    const event = { type: 'agent_session_stopped', channel, user, thread_ts: thread, event_ts: this.newTs() };
    this.bring('events_api', { type: 'event_callback', event: { ...event, streaming_message_ts: [ts] } });
  }

  /** The messages of the bot in a channel, the oldest first. */
  of(channel: string): SlackMessage[] {
    return [...this.messages.values()].filter((one) => one.channel === channel && one.from === 'bot');
  }

  /** Brings a payload until it is acknowledged. */
  bring(type: string, payload: object): void {
    const id = randomUUID();
    this.pending.set(id, { type, envelope_id: id, payload, accepts_response_payload: false });
    for (const socket of this.sockets) return this.push(socket, id);
  }

  /** As when Slack recycles a connection: the next one gets what was not acknowledged. */
  recycle(): void {
    for (const socket of this.sockets) socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
  }

  get connections(): number {
    return this.sockets.size;
  }

  private greet(socket: WebSocket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('message', (data: Buffer) => {
      const { envelope_id: id } = JSON.parse(data.toString()) as { envelope_id?: string };
      if (id !== undefined) this.pending.delete(id);
    });
    socket.send(JSON.stringify({ type: 'hello', num_connections: 1 }));
    for (const id of this.pending.keys()) this.push(socket, id);
  }

  private push(socket: WebSocket, id: string): void {
    socket.send(JSON.stringify(this.pending.get(id)));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, method = ''] = /^\/api\/([\w.]+)/.exec(request.url ?? '') ?? [];
    if (request.url?.startsWith('/files/')) {
      const isAllowed = request.headers.authorization === 'Bearer xoxb-0123456789-test';
      const type = isAllowed ? 'image/png' : 'text/html';
      return void response.writeHead(200, { 'content-type': type }).end(Buffer.from([137, 80, 78, 71]));
    }
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = Object.fromEntries(new URLSearchParams(text));
    const call: SlackCall = { at: Date.now(), method, channel: String(body['channel'] ?? ''), body };
    const mishap = this.mishap(call);
    if (mishap?.kind === 'cut-before') return void request.socket.destroy();
    if (mishap?.kind === 'penalty') this.limits.hold(method, mishap.seconds);
    const isNever = mishap?.kind === 'status' && !mishap.after;
    const seconds = isNever ? 0 : this.secondsToWait(call);
    this.calls.push(call);
    if (seconds > 0) return void response.writeHead(429, { 'retry-after': String(seconds) }).end('{"ok":false}');
    const answer = isNever ? {} : this.answerTo(call);
    if (mishap?.kind === 'cut-after') return void request.socket.destroy();
    response.writeHead(mishap?.kind === 'status' ? mishap.status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: answer['error'] === undefined, ...answer }));
  }

  private secondsToWait({ method, channel }: SlackCall): number {
    const held = this.limits.heldFor(method);
    if (held > 0) return held;
    const most = PER_METHOD[method];
    if (most === undefined) return 0;
    const isMethodFull = this.limits.count(method, { count: most, ms: MINUTE });
    const isPost = method === 'chat.postMessage' || method === 'chat.startStream';
    const isChannelFull = isPost && this.limits.count(`posts into ${channel}`, PER_CHANNEL);
    return isMethodFull || isChannelFull ? 1 : 0;
  }

  private answerTo({ method, channel, body }: SlackCall): Answer {
    const message = this.messages.get(`${channel} ${String(body['ts'])}`);
    switch (method) {
      case 'auth.test':
        return { user_id: SLACK_BOT, team_id: 'T1', bot_id: 'B1' };
      case 'apps.connections.open':
        return { url: `ws://127.0.0.1:${this.port}/socket` };
      case 'chat.postMessage':
        return this.post(channel, body, false);
      case 'chat.startStream':
        if (!body['thread_ts'] || !body['recipient_user_id']) return { error: 'invalid_arguments' };
        return this.post(channel, body, true);
      case 'chat.update':
        return this.update(message, body);
      case 'chat.appendStream':
      case 'chat.stopStream':
        return this.grow(message, body, method === 'chat.stopStream');
      case 'chat.delete':
        return this.messages.delete(`${channel} ${String(body['ts'])}`) ? {} : { error: 'message_not_found' };
      case 'chat.postEphemeral':
        this.ephemeral.push({ user: String(body['user']), text: String(body['text']) });
        return {};
      case 'conversations.history':
        return this.history(channel, '', String(body['oldest']));
      case 'conversations.replies':
        return this.history(channel, String(body['ts']), String(body['oldest']));
      default:
        return {};
    }
  }

  private post(channel: string, body: SlackCall['body'], grows: boolean): Answer {
    const shown = grows ? { text: String(body['markdown_text'] ?? ''), buttons: [] } : shownOf(body);
    if (shown.text.length > 12_000) return { error: 'msg_too_long' };
    if (shown.text === '') return { error: 'no_text' };
    const ts = this.newTs();
    this.add({ ts, channel, thread: String(body['thread_ts'] ?? ''), from: 'bot', ...shown, grows });
    return { ts, channel };
  }

  private update(message: SlackMessage | undefined, body: SlackCall['body']): Answer {
    if (!message) return { error: 'message_not_found' };
    if (message.from !== 'bot') return { error: 'cant_update_message' };
    if (message.grows) return { error: 'streaming_state_conflict' };
    const shown = shownOf(body);
    if (shown.text.length > 12_000) return { error: 'msg_too_long' };
    Object.assign(message, shown);
    message.versions.push(shown.text);
    return { ts: message.ts };
  }

  private grow(message: SlackMessage | undefined, body: SlackCall['body'], isLast: boolean): Answer {
    if (!message) return { error: 'message_not_found' };
    if (!message.grows) return { error: 'message_not_in_streaming_state' };
    message.text += String(body['markdown_text'] ?? '');
    message.versions.push(message.text);
    message.grows = !isLast;
    return { ts: message.ts };
  }

  private history(channel: string, thread: string, oldest: string): Answer {
    const here = [...this.messages.values()].filter((one) => one.channel === channel && one.thread === thread);
    const found = here
      .filter(({ ts }) => ts > oldest)
      .map(({ ts, from }) => ({ ts, user: from === 'bot' ? SLACK_BOT : 'U7' }));
    return { messages: found };
  }

  private add(one: Omit<SlackMessage, 'versions' | 'buttons' | 'grows'> & Partial<SlackMessage>): void {
    this.messages.set(`${one.channel} ${one.ts}`, { buttons: [], grows: false, ...one, versions: [one.text] });
  }

  /** Of the same length, so that they sort as text. */
  private newTs(): string {
    return `${Math.floor(Date.now() / 1_000)}.${String(this.nextTs++).padStart(6, '0')}`;
  }
}

/** The headers of a call that Slack signed. */
export function signedBySlack(secret: string, body: string, seconds = Math.floor(Date.now() / 1_000)) {
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex')}`;
  return { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': signature };
}

interface Block {
  readonly type: string;
  readonly text?: string | { readonly text: string };
  readonly elements?: readonly { readonly value: string; readonly text: { readonly text: string } }[];
}

function shownOf(body: SlackCall['body']) {
  const blocks = JSON.parse(String(body['blocks'] ?? '[]')) as readonly Block[];
  const words = blocks.map(({ text = '' }) => (typeof text === 'string' ? text : text.text));
  const elements = blocks.flatMap((block) => block.elements ?? []);
  return { text: words.join(''), buttons: elements.map(({ value, text }) => ({ value, text: text.text })) };
}
