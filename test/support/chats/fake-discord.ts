import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { Limits, type Mishap } from './limits.js';

export const DISCORD_BOT = '900000000000000001';

/** A message in a channel, as its members see it. */
export interface DiscordMessage {
  readonly id: string;
  readonly channel: string;
  readonly from: 'bot' | 'user';
  text: string;
  buttons: readonly { readonly label: string; readonly custom_id: string }[];
  readonly replyTo?: string;
  readonly nonce?: string;
  readonly file?: string;
  /** Everything that it showed. */
  readonly versions: string[];
}

export interface DiscordCall {
  readonly at: number;
  /** `POST /channels/1/messages`. */
  readonly route: string;
  readonly channel: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Five messages in five seconds for a channel; edits and look-ups have buckets of their own. */
const BUCKET = { count: 5, ms: 5_000 };
const IN_ALL = { count: 50, ms: 1_000 };
const EPOCH = 1_420_070_400_000n;

/**
 * A server that speaks the part of Discord's API and of its gateway that the messenger uses, on loopback: rate buckets
 * with their headers, the limit in all, sessions that can be resumed, and mishaps of every kind.
 */
export class FakeDiscord {
  readonly calls: DiscordCall[] = [];
  readonly limits = new Limits();
  readonly messages = new Map<string, DiscordMessage>();
  readonly ephemeral: string[] = [];
  /** How often somebody began a session, and how often one went on. */
  readonly sessions = { begun: 0, resumed: 0 };
  /** Asked before each call. */
  mishap: (call: DiscordCall) => Mishap | undefined = () => undefined;
  private readonly events: { readonly t: string; readonly s: number; readonly d: unknown }[] = [];
  private readonly sockets = new Set<WebSocket>();
  private readonly socketServer = new WebSocketServer({ noServer: true });
  private server: Server | undefined;
  private port = 0;
  private nextId = 1n;

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

  /** A user writes; with a server in it, in a channel of that one. @returns the id of the message. */
  say(channel: string, text: string, more: { user?: string; server?: string; replyTo?: DiscordMessage } = {}): string {
    const { user = '7', server, replyTo } = more;
    const id = this.newId();
    this.messages.set(id, { id, channel, from: 'user', text, buttons: [], versions: [text] });
    this.send('MESSAGE_CREATE', {
      id,
      channel_id: channel,
      type: replyTo ? 19 : 0,
      author: { id: user },
      content: text,
      mentions: text.includes(`<@${DISCORD_BOT}>`) ? [{ id: DISCORD_BOT }] : [],
      attachments: [],
      ...(server !== undefined && { guild_id: server }),
      ...(replyTo && { referenced_message: { id: replyTo.id, author: { id: DISCORD_BOT } } }),
    });
    return id;
  }

  /** A user presses a button of a message of the bot. */
  press({ channel, id }: DiscordMessage, custom: string, user = '7'): void {
    const data = { custom_id: custom, component_type: 2 };
    const place = { channel: { id: channel }, message: { id }, user: { id: user } };
    this.send('INTERACTION_CREATE', { id: this.newId(), token: 'tok', type: 3, data, ...place });
  }

  /** The messages of the bot in a channel, the oldest first. */
  of(channel: string): DiscordMessage[] {
    return [...this.messages.values()].filter((one) => one.channel === channel && one.from === 'bot');
  }

  /** As when Discord asks for a new connection. */
  recycle(): void {
    for (const socket of this.sockets) socket.send(JSON.stringify({ op: 7, d: null }));
  }

  /** As when Discord gives the sessions up: op 9, "Invalid Session". */
  giveUp(): void {
    for (const socket of this.sockets) socket.send(JSON.stringify({ op: 9, d: false }));
  }

  private send(t: string, d: unknown): void {
    const event = { t, s: this.events.length + 2, d };
    this.events.push(event);
    for (const socket of this.sockets) socket.send(JSON.stringify({ op: 0, ...event }));
  }

  /** Events that nobody is connected for come when the session goes on. */
  private greet(socket: WebSocket): void {
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 40_000 } }));
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('message', (data: Buffer) => {
      const { op, d } = JSON.parse(data.toString()) as { op: number; d: { seq?: number } | null };
      if (op === 1) return socket.send(JSON.stringify({ op: 11 }));
      if (op === 2) {
        this.sessions.begun++;
        const ready = {
          session_id: `s${this.sessions.begun}`,
          resume_gateway_url: `ws://127.0.0.1:${this.port}/gateway`,
        };
        socket.send(JSON.stringify({ op: 0, t: 'READY', s: Math.max(1, this.events.length + 1), d: ready }));
        this.sockets.add(socket);
      } else if (op === 6) {
        this.sessions.resumed++;
        for (const event of this.events.filter(({ s }) => s > (d?.seq ?? 0))) {
          socket.send(JSON.stringify({ op: 0, ...event }));
        }
        socket.send(JSON.stringify({ op: 0, t: 'RESUMED', s: this.events.length + 1, d: {} }));
        this.sockets.add(socket);
      }
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    // The client writes `@me` as %40me.
    const route = `${request.method} ${decodeURIComponent(pathname).replace('/api/v10', '')}`;
    const [, channel = ''] = /\/channels\/(\d+)/.exec(route) ?? [];
    const body = readBody(Buffer.concat(chunks).toString(), searchParams);
    const call: DiscordCall = { at: Date.now(), route, channel, body };
    const mishap = this.mishap(call);
    if (mishap?.kind === 'cut-before') return void request.socket.destroy();
    const bucket = `${route.split(' ')[0]} in ${channel}`;
    if (mishap?.kind === 'penalty') this.limits.hold(bucket, mishap.seconds);
    const isNever = mishap?.kind === 'status' && !mishap.after;
    const headers = this.headersOf(call, bucket);
    this.calls.push(call);
    const answer = isNever ? { status: 200 } : headers.answer === 429 ? { status: 429, body: {} } : this.answerTo(call);
    if (mishap?.kind === 'cut-after') return void request.socket.destroy();
    const status = mishap?.kind === 'status' ? mishap.status : answer.status;
    response.writeHead(status, { 'content-type': 'application/json', ...headers.told });
    response.end(status === 204 ? '' : JSON.stringify(answer.body ?? {}));
  }

  /** Buckets count messages; the limit in all counts everything but answers to buttons. */
  private headersOf({ route, channel }: DiscordCall, bucket: string) {
    const isFull = !route.includes('/interactions/') && this.limits.count('in all', IN_ALL);
    if (isFull) return { answer: 429, told: { 'retry-after': '1', 'x-ratelimit-global': 'true' } };
    const held = this.limits.heldFor(bucket);
    const shown = { 'x-ratelimit-bucket': bucket.split(' ')[0] ?? '', 'x-ratelimit-limit': String(BUCKET.count) };
    if (held > 0) {
      const left = {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset-after': String(held),
        'retry-after': String(held),
      };
      return { answer: 429, told: { ...shown, ...left } };
    }
    if (channel === '' || route.endsWith('/typing')) return { answer: 200, told: {} };
    const isOver = this.limits.count(bucket, BUCKET);
    const left = { 'x-ratelimit-remaining': isOver ? '0' : '1', 'x-ratelimit-reset-after': '1' };
    return { answer: isOver ? 429 : 200, told: { ...shown, ...left, ...(isOver && { 'retry-after': '1' }) } };
  }

  private answerTo({ route, channel, body }: DiscordCall): Answer {
    const [, id = ''] = /\/messages\/(\d+)$/.exec(route) ?? [];
    const message = this.messages.get(id);
    if (route === 'GET /users/@me') return { status: 200, body: { id: DISCORD_BOT } };
    if (route === 'GET /gateway/bot') {
      const limit = { total: 1_000, remaining: 999, reset_after: 0, max_concurrency: 1 };
      return {
        status: 200,
        body: { url: `ws://127.0.0.1:${this.port}/gateway`, shards: 1, session_start_limit: limit },
      };
    }
    if (route.startsWith('POST /interactions/')) {
      this.ephemeral.push(String((body['data'] as { content?: string }).content));
      return { status: 204 };
    }
    if (route.endsWith('/typing')) return { status: 204 };
    if (route.startsWith('GET')) return { status: 200, body: this.history(channel, String(body['after'])) };
    if (route.startsWith('POST')) return this.post(channel, body);
    if (!message) return { status: 404, body: { code: 10_008, message: 'Unknown Message' } };
    if (message.from !== 'bot') return { status: 403, body: { code: 50_005, message: 'not yours' } };
    if (route.startsWith('DELETE')) return this.messages.delete(id) ? { status: 204 } : { status: 404 };
    const problem = problemOf(body);
    if (problem) return problem;
    Object.assign(message, shownOf(body));
    message.versions.push(message.text);
    return { status: 200, body: { id, content: message.text } };
  }

  private post(channel: string, body: DiscordCall['body']): Answer {
    const problem = problemOf(body);
    if (problem) return problem;
    const nonce = body['enforce_nonce'] === true ? String(body['nonce']) : undefined;
    const known = nonce === undefined ? undefined : [...this.messages.values()].find((one) => one.nonce === nonce);
    if (known) return { status: 200, body: { id: known.id, content: known.text } };
    const id = this.newId();
    const shown = shownOf(body);
    const { message_id: replyTo } = (body['message_reference'] ?? {}) as { message_id?: string };
    this.messages.set(id, {
      id,
      channel,
      from: 'bot',
      ...shown,
      versions: [shown.text],
      ...(nonce !== undefined && { nonce }),
      ...(replyTo !== undefined && { replyTo }),
      ...(body['file'] !== undefined && { file: String(body['file']) }),
    });
    return { status: 200, body: { id, content: shown.text } };
  }

  private history(channel: string, after: string): unknown {
    const here = [...this.messages.values()].filter((one) => one.channel === channel && BigInt(one.id) > BigInt(after));
    return here.reverse().map(({ id, from }) => ({ id, author: { id: from === 'bot' ? DISCORD_BOT : '7' } }));
  }

  private newId(): string {
    return String(((BigInt(Date.now()) - EPOCH) << 22n) + this.nextId++);
  }
}

/** JSON, or a form with `payload_json` and a file; of a GET the query. */
function readBody(text: string, query: URLSearchParams): Readonly<Record<string, unknown>> {
  if (text === '') return Object.fromEntries(query);
  if (text.startsWith('{')) return JSON.parse(text) as Record<string, unknown>;
  const [, json = '{}'] = /name="payload_json"\r\n\r\n([^\r]*)/.exec(text) ?? [];
  const [, file] = /filename="([^"]*)"/.exec(text) ?? [];
  return { ...(JSON.parse(json) as object), ...(file !== undefined && { file }) };
}

function problemOf({ content, file }: DiscordCall['body']): Answer | undefined {
  const isFine =
    typeof content === 'string' && content.length <= 2_000 && (content.trim() !== '' || file !== undefined);
  return isFine ? undefined : { status: 400, body: { code: 50_035, message: 'Invalid Form Body' } };
}

function shownOf(body: DiscordCall['body']) {
  const rows = (body['components'] ?? []) as { components: { label: string; custom_id: string }[] }[];
  return { text: String(body['content']), buttons: rows.flatMap(({ components }) => components) };
}
