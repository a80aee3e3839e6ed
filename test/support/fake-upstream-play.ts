import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { FakeAnswer, FakeWire, Frames } from './fake-upstream-wires.js';

/** The memory of the server between requests. */
export interface Replies {
  readonly scripts: Map<string, readonly (object | string)[]>;
  /** The answers to `answer:name=x`, by name. */
  readonly answers: Map<string, RawAnswer>;
  /** How often a model name has been answered with its status. */
  readonly failures: Map<string, number>;
  /** How often a model name has been asked; with `vary=1` every answer to it begins with that number. */
  readonly asked: Map<string, number>;
}

/** An answer as it stands on the wire. It sees the request, and how often its model was asked before. */
export type RawAnswer = (
  body: Record<string, unknown>,
  earlier: number,
) => {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body: unknown;
};

export interface Call {
  readonly wire: FakeWire;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
  readonly replies: Replies;
}

interface Behaviour {
  readonly name: string;
  readonly text: (option: string) => string | undefined;
  readonly number: (option: string, otherwise: number) => number;
}

/** Answers one call as the model's name says. Resolves when the last byte is written, or the client has gone. */
export async function play(call: Call): Promise<void> {
  const behaviour = behaviourOf(String(call.body['model']));
  if (behaviour.name === 'answer') return answerRaw(call, behaviour.text('name') ?? '');
  if (answersOtherwise(call, behaviour)) return;
  const answer = varied(call, behaviour, answerOf(call, behaviour));
  const first = behaviour.number('first', 0);
  if (first > 0) await pause(first);
  if (call.body['stream'] !== true || behaviour.name.startsWith('json-')) {
    return sendJson(call.response, 200, call.wire.whole(answer));
  }
  await stream(call, behaviour, answer);
}

function answerRaw({ body, response, replies }: Call, name: string): void {
  const model = String(body['model']);
  const earlier = replies.asked.get(model) ?? 0;
  replies.asked.set(model, earlier + 1);
  const answer = replies.answers.get(name);
  if (!answer) throw new Error(`no answer is named ${name}`);
  const { status = 200, headers = {}, body: said } = answer(body, earlier);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof said === 'string' || Buffer.isBuffer(said) ? said : JSON.stringify(said));
}

function varied({ body, replies }: Call, { text }: Behaviour, answer: FakeAnswer): FakeAnswer {
  if (text('vary') !== '1') return answer;
  const model = String(body['model']);
  const count = (replies.asked.get(model) ?? 0) + 1;
  replies.asked.set(model, count);
  return { ...answer, words: [`${count}: `, ...answer.words] };
}

function behaviourOf(model: string): Behaviour {
  const [name = '', list = ''] = model.split(/:(.*)/s);
  const options = new Map(list.split(',').map((option) => [option.split('=')[0] ?? '', option.split('=')[1] ?? '']));
  return {
    name,
    text: (option) => options.get(option),
    number: (option, otherwise) => (options.has(option) ? Number(options.get(option)) : otherwise),
  };
}

/** Everything that is not an answer of a model: statuses, pages, silence. */
function answersOtherwise({ wire, body, headers, response, replies }: Call, behaviour: Behaviour): boolean {
  const fail = (status: number, code: string, message: string, param?: string): true => {
    sendJson(response, status, wire.error(code, message, param));
    return true;
  };
  const key = headers.authorization ?? `x-api-key ${String(headers['x-api-key'])}`;
  switch (behaviour.name) {
    case 'auth':
      return fail(401, 'invalid_api_key', `Incorrect API key provided: ${key}`);
    case 'refused':
      return fail(
        400,
        'invalid_value',
        `No such field. You sent ${key}, see https://me:pw@proxy.local/ ${'x'.repeat(600)}`,
      );
    case 'carried':
      return wire.isBare(body) && fail(400, 'invalid_value', 'The reasoning must be passed back to the API.');
    case 'context':
      return fail(400, 'context_length_exceeded', 'The conversation has 9999 tokens, the model reads 4096.');
    case 'nostream':
      return body['stream'] === true && fail(400, 'unsupported_value', 'Streaming is not supported.', 'stream');
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>');
      return true;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
      return true;
    case 'hang':
      return behaviour.number('after', 0) === 0;
  }
  const status = Number(behaviour.name);
  if (!(status >= 400)) return false;
  const model = String(body['model']);
  const count = (replies.failures.get(model) ?? 0) + 1;
  if (count > behaviour.number('times', Infinity)) return false;
  replies.failures.set(model, count);
  const seconds = behaviour.text('ra');
  if (seconds !== undefined) {
    const isDate = behaviour.text('date') === '1';
    const date = new Date(Math.ceil(Date.now() / 1000 + Number(seconds)) * 1000).toUTCString();
    response.setHeader('retry-after', isDate ? date : seconds);
  }
  return fail(status, status === 429 ? 'rate_limit_exceeded' : 'server_error', `secret details of host db-7: ${key}`);
}

function answerOf({ wire, body }: Call, { name, number }: Behaviour): FakeAnswer {
  const isForeign = name === 'split' || name === 'crlf';
  const words = Array.from({ length: number('n', 8) }, (_, i) => (isForeign ? `Grüße ${i} 🌍 ` : `word${i} `));
  const answer: FakeAnswer = {
    model: String(body['model']),
    words,
    finish: name === 'length' ? 'length' : 'stop',
    hasUsage: name !== 'usage-missing',
  };
  if (name === 'reasoning') return { ...answer, reasoning: 'I think.' };
  if (name === 'refusal') return { ...answer, words: [], refusal: 'I will not.', finish: 'refusal' };
  const tool = wire.firstTool(body);
  const isCalling = name === 'toolloop' || (/^(json-)?(tools|carried)$/.test(name) && !wire.hasResultAtEnd(body));
  if (!tool || !isCalling) return answer;
  const id = `call_${(body['messages'] as unknown[]).length}`;
  const state = name === 'carried' && { reasoning: 'I think.', hasState: true };
  return {
    ...answer,
    ...state,
    words: [],
    call: { id, name: tool.name, args: argumentsFor(tool.schema) },
    finish: 'tool_calls',
  };
}

/** Required properties, filled by type. */
function argumentsFor(schema: unknown): string {
  const { required = [], properties = {} } = (schema ?? {}) as {
    required?: string[];
    properties?: Record<string, { type?: string }>;
  };
  const samples: Record<string, unknown> = { integer: 1, number: 1, boolean: true, array: [], object: {} };
  return JSON.stringify(Object.fromEntries(required.map((key) => [key, samples[properties[key]?.type ?? ''] ?? 'x'])));
}

async function stream(call: Call, behaviour: Behaviour, answer: FakeAnswer): Promise<void> {
  const { response } = call;
  const { name, number } = behaviour;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  const gap = number('gap', 0);
  const isCrlf = name === 'crlf' || number('crlf', 0) === 1;
  for (const [i, frame] of framesOf(call, behaviour, answer).entries()) {
    if (gap > 0 && i > 0) await pause(gap);
    if (response.destroyed) return;
    const text = isCrlf ? frame.replaceAll('\n', '\r\n') : frame;
    if (name === 'split') await writeBytes(response, text);
    else if (!response.write(text)) await drained(response);
  }
  // Headers and words have left before the connection breaks: else the client could not know that there was an answer.
  if (name === 'cut') {
    await pause(20);
    response.destroy(new Error('cut on purpose'));
  } else if (name !== 'hang' && name !== 'held') response.end();
}

/** The events that are sent, faults included. */
function framesOf({ wire, body, replies }: Call, { name, text, number }: Behaviour, answer: FakeAnswer): string[] {
  const frames: Frames = wire.frames(answer, body);
  const { head, words, tail, done } = frames;
  const upTo = (otherwise: number): string[] => [...head, ...words.slice(0, number('after', otherwise))];
  const between = (...extra: string[]): string[] => [
    ...head,
    ...words.slice(0, 1),
    ...extra,
    ...words.slice(1),
    ...tail,
    done,
  ];
  switch (name) {
    case 'cut':
    case 'eof':
    case 'hang':
      return number('after', 3) === 0 ? [': nothing yet\n\n'] : upTo(3);
    case 'error-in-stream':
      return [...upTo(2), wire.errorFrame(text('code') ?? 'server_error', 'secret details of host db-7')];
    case 'nodone':
      return [...head, ...words, ...tail];
    case 'dup-done':
      return [
        ...head,
        ...words,
        ...tail,
        done,
        done,
        wire.event({ choices: [{ index: 0, delta: { content: 'late' } }] }),
      ];
    case 'badjson':
      return between(...Array.from({ length: number('count', 1) }, () => 'data: {"choices": [{"del\n\n'));
    case 'hugeline':
      return [...upTo(1), `data: {"x":"${'y'.repeat(number('mb', 9) * 1_048_576)}"}\n\n`];
    case 'emptychoices':
      return between(wire.empty, wire.empty);
    case 'nullcontent':
      return between(wire.nothing);
    case 'noise':
      return [
        ': hello\n',
        '\n',
        'retry: 10\n\n',
        ...between(wire.empty, 'event: banana\ndata: {"type":"banana"}\n\n', ':\n\n', 'id: 7\nfoo: bar\n\n'),
      ];
    case 'script':
      return scriptOf(body, replies, text('name') ?? '').map((data) =>
        typeof data === 'string' ? data : wire.event(data),
      );
    default:
      return [...head, ...words, ...tail, done];
  }
}

/** The script for this point of the conversation, else the one for all of them. */
function scriptOf(body: Record<string, unknown>, { scripts }: Replies, name: string): readonly (object | string)[] {
  const results = (body['messages'] as { role: string }[]).filter(({ role }) => role === 'tool').length;
  return scripts.get(`${name}@${results}`) ?? scripts.get(name) ?? [];
}

async function writeBytes(response: ServerResponse, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await turn();
  }
}

/** Does not keep the process: the client may have left long ago. */
function pause(ms: number): Promise<void> {
  return wait(ms, undefined, { ref: false });
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.once('drain', go);
    response.once('close', go);
  });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
