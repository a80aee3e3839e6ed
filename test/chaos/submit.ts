import { request, type IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addresses } from './reading.js';

/** A run that the gateway has accepted, and the stream of the request that asked for it. */
export interface Submitted {
  readonly runId: string;
  readonly model: string;
  readonly chat: ChatStream;
}

/** The raw text of a streamed answer. `broke`: the connection ended before the answer did. */
export interface ChatStream {
  text: string;
  broke: boolean;
  readonly ended: Promise<void>;
  /** Closes the socket. */
  leave(): void;
}

export interface SubmitOptions {
  readonly model: string;
  readonly signal: AbortSignal;
  readonly content?: string;
  readonly key?: string;
  readonly onDisconnect?: 'cancel' | 'continue';
}

const RETRY_MS = 200;
let turn = 0;

/**
 * Asks for a streamed run as a patient client does: with an Idempotency-Key, again and elsewhere for as long as it gets
 * no answer, or one that says "later". Rejects on any other answer, and when `signal` aborts.
 */
export async function submit(addresses: Addresses, options: SubmitOptions): Promise<Submitted> {
  const idempotencyKey = randomUUID();
  for (;;) {
    options.signal.throwIfAborted();
    const all = addresses();
    const base = all[turn++ % Math.max(1, all.length)];
    const response = base === undefined ? undefined : await ask(base, options, idempotencyKey).catch(() => undefined);
    const statusCode = response?.answer.statusCode ?? 0;
    if (response && statusCode === 200) {
      const chat = readChatStream(response.answer, response.leave);
      return { runId: String(response.answer.headers['x-run-id']), model: options.model, chat };
    }
    response?.answer.resume();
    if (response && statusCode !== 429 && statusCode !== 503) throw new Error(`a run was refused with ${statusCode}`);
    await sleep(RETRY_MS);
  }
}

interface Asked {
  readonly answer: IncomingMessage;
  leave(): void;
}

function ask(base: string, options: SubmitOptions, idempotencyKey: string): Promise<Asked> {
  const { model, signal, content = 'Go.', key, onDisconnect = 'continue' } = options;
  const headers = {
    'content-type': 'application/json',
    'x-on-disconnect': onDisconnect,
    'idempotency-key': idempotencyKey,
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  };
  return new Promise((resolve, reject) => {
    const url = `${base}/v1/chat/completions`;
    const post = request(url, { method: 'POST', headers, agent: false, signal }, (answer) =>
      resolve({ answer, leave: () => post.destroy() }),
    );
    post.on('error', reject);
    post.end(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content }] }));
  });
}

function readChatStream(answer: IncomingMessage, leave: () => void): ChatStream {
  const ended = new Promise<void>((resolve) => answer.once('close', resolve));
  const chat: ChatStream = { text: '', broke: false, ended, leave };
  answer.setEncoding('utf8');
  answer.on('data', (text: string) => (chat.text += text));
  answer.on('error', () => (chat.broke = true));
  answer.on('close', () => (chat.broke ||= !answer.complete));
  return chat;
}
