import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Keys } from './craft.js';
import type { Random } from './random.js';
import type { FuzzResult } from './run.js';
import { send, type Answer } from './send.js';

export interface ShapesOrder {
  readonly port: number;
  readonly keys: Keys;
  readonly random: Random;
  /** Of each shape. */
  readonly rounds: number;
}

/** What went wrong in a round; undefined: nothing. */
type Shape = (order: ShapesOrder, round: number) => Promise<{ status: number; fault?: string }>;

const ANSWER_MS_MAX = 30_000;
const HALF_SENT_AT_ONCE = 12;
const BODY_BYTES = 9_000_000;
const HELD_MS = 400;

const requestLines = (first: string, keys: Keys, more: readonly string[]): string =>
  [first, 'host: localhost', `authorization: Bearer ${keys.api}`, ...more].join('\r\n') + '\r\n\r\n';

/** Bodies that stop in their middle, declared or in chunks: refused with 429, or waited for. */
const halfSentBodies: Shape = async ({ port, keys, random }) => {
  const isChunked = random.chance(0.3);
  const head = requestLines('POST /v1/chat/completions HTTP/1.1', keys, [
    'content-type: application/json',
    isChunked ? 'transfer-encoding: chunked' : `content-length: ${BODY_BYTES}`,
  ]);
  const part = Buffer.alloc(1 + random.below(BODY_BYTES - 2), ' ');
  const body = isChunked ? Buffer.concat([Buffer.from(`${BODY_BYTES.toString(16)}\r\n`), part]) : part;
  const bytes = Buffer.concat([Buffer.from(head), body]);
  const sent = await Promise.all(Array.from({ length: HALF_SENT_AT_ONCE }, () => send(port, bytes, HELD_MS)));
  const answers = sent.flatMap((one) => (one.kind === 'answer' ? [one.answer] : []));
  const wrong = answers.find(({ status, headers }) => status !== 429 || !headers.has('retry-after'));
  return {
    status: answers[0]?.status ?? 0,
    ...(wrong && { fault: `a half-sent body got ${wrong.status} ${wrong.body.slice(0, 100)}` }),
  };
};

/** A WebSocket that sends messages of any kind and never reads. The gateway may cut it, and must go on. */
const unreadSocket: Shape = async ({ port, keys, random }) => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  const upgrade = [
    'upgrade: websocket',
    'connection: Upgrade',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version: 13',
  ];
  socket.write(requestLines('GET /v1/responses HTTP/1.1', keys, upgrade));
  socket.pause();
  const isBinary = random.chance(0.5);
  const frame = Buffer.from([isBinary ? 0x82 : 0x81, 0x81, 1, 2, 3, 4, 0x41]);
  const piece = Buffer.concat(Array.from({ length: 2_000 }, () => frame));
  for (let i = 0; i < 20 && socket.writableLength === 0 && !socket.destroyed; i++) {
    socket.write(piece);
    await sleep(10);
  }
  await sleep(HELD_MS);
  socket.destroy();
  const { status } = await ask(port, requestLines('GET /health HTTP/1.1', keys, ['connection: close']));
  return { status, ...(status !== 200 && { fault: `beside a socket that is not read, /health is ${status}` }) };
};

/** A run that is repeated by its key after its session was deleted: 404, or a new run; never what is not there. */
const repeatedAfterDeletion: Shape = async ({ port, keys, random }, round) => {
  const name = `gone-${round}-${random.below(1_000_000)}`;
  const body = JSON.stringify({ model: 'talaria', messages: [{ role: 'user', content: 'Hello' }] });
  const post = requestLines('POST /v1/chat/completions HTTP/1.1', keys, [
    'content-type: application/json',
    `x-session-id: ${name}`,
    `idempotency-key: ${name}`,
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ]);
  const first = await ask(port, post + body);
  if (first.status !== 200) return judged(first, 'the first run');
  const remove = requestLines(`DELETE /api/sessions/${name} HTTP/1.1`, keys, ['connection: close']);
  for (let i = 0; i < 50 && (await ask(port, remove)).status !== 200; i++) await sleep(100);
  const again = await ask(port, post + body);
  const isNew = again.status === 200 && again.headers.get('x-run-id') !== first.headers.get('x-run-id');
  if (again.status === 404 || isNew) return { status: again.status };
  return judged(again, 'the repetition of a deleted run');
};

/** Too busy is no fault; everything else here is. */
const judged = ({ status, body }: Answer, what: string): { status: number; fault?: string } =>
  status === 429 || status === 503 ? { status } : { status, fault: `${what} got ${status} ${body.slice(0, 100)}` };

async function ask(port: number, text: string): Promise<Answer> {
  const sent = await send(port, Buffer.from(text), ANSWER_MS_MAX);
  if (sent.kind === 'answer') return sent.answer;
  return { status: 0, headers: new Map(), body: `no answer: ${sent.kind}`, isStream: false };
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['half-sent', halfSentBodies],
  ['unread-sockets', unreadSocket],
  ['deleted-ids', repeatedAfterDeletion],
];

/** What no single request shows: clients that stop in the middle, never read, or repeat what was deleted. */
export async function fuzzShapes(order: ShapesOrder): Promise<Map<string, FuzzResult>> {
  const results = new Map<string, FuzzResult>();
  for (const [name, shape] of SHAPES) {
    const statuses = new Map<number, number>();
    const findings: string[] = [];
    for (let round = 0; round < order.rounds; round++) {
      const { status, fault } = await shape(order, round);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (fault !== undefined) findings.push(fault);
    }
    results.set(name, { requests: order.rounds, statuses, findings: findings.slice(0, 5), failures: findings.length });
  }
  return results;
}
