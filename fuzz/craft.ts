import { mutateBody } from './mutate.js';
import type { Random } from './random.js';
import type { Operation } from './routes.js';

/** A request as the bytes on the wire. */
export interface Crafted {
  readonly bytes: Buffer;
  /** For the report: request line and the way it is broken. */
  readonly what: string;
  /** The bytes are not a whole HTTP request, so that closing without a reply is correct. */
  readonly isBroken: boolean;
  readonly isHead: boolean;
}

/** The credentials for all routes: an API key, and the operators' tokens. */
export interface Keys {
  readonly api: string;
  readonly admin: string;
  readonly metrics: string;
}

export interface CraftSettings {
  readonly keys: Keys;
  readonly random: Random;
  /** Ids of runs that exist. */
  readonly runIds: readonly string[];
}

const LARGE_BODY_BYTES = 10_000_000;

const IDS = [
  `run_${'0'.repeat(32)}`, 'run_x', 'x', '..', '%2e%2e%2f%2e%2e', '%00', '%ff%fe', '%', '%zz', '__proto__', 'constructor',
  '%F0%9F%92%A5', 'a'.repeat(600), '*', '{id}', 'null', '-1', '%0d%0ax-injected:1', '%2F', ';a=b', 'demo', 'a/b/c', '',
]; // prettier-ignore
const QUERY_VALUES = [
  '',
  '-1',
  '1e400',
  'abc',
  '%00',
  '9007199254740993',
  '[]',
  'true',
  'a'.repeat(2_000),
  '%ff',
  '1&1',
  '0x1',
];
const CONTENT_TYPES = [
  'text/plain', '', 'application/json; charset=utf-16', 'application/json;;;', 'multipart/form-data', 'application/xml',
  'application/x-www-form-urlencoded', `application/json; a=${'b'.repeat(5_000)}`, '/', 'application/json, text/html', '\xff',
]; // prettier-ignore
const HEADER_JUNK = [
  '',
  ' ',
  'a'.repeat(300),
  'a'.repeat(20_000),
  '\xff\xfe',
  '__proto__',
  'a,b',
  '-1',
  'run_x:1',
  '1',
  '\t',
  '💥',
];
const HEADERS = [
  'idempotency-key', 'x-on-disconnect', 'last-event-id', 'x-request-id', 'anthropic-version', 'origin', 'host', 'cookie',
  'x-api-key', 'authorization', 'expect', 'accept', 'accept-encoding', 'x-hermes-session-id', 'x-session-id', 'upgrade',
  'access-control-request-method', 'x-forwarded-for', 'content-encoding', 'transfer-encoding', 'range', 'te',
]; // prettier-ignore

type Transport = (head: string[], body: Buffer, random: Random) => { bytes: Buffer; isBroken: boolean };

const plain = (head: readonly string[], body: Buffer, line = '\r\n'): Buffer =>
  Buffer.concat([Buffer.from(`${[...head, ''].join(line)}${line}`, 'latin1'), body]);
const chunk = (body: Buffer, size = body.length.toString(16)): Buffer =>
  Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n')]);
const length = (value: number | string): string => `content-length: ${value}`;
const CHUNKED = 'transfer-encoding: chunked';
const END = Buffer.from('0\r\n\r\n');

/** Ways to put a request on the wire that a client library would not take. */
const TRANSPORTS: readonly Transport[] = [
  (head, body) => ({ bytes: plain([...head, CHUNKED], Buffer.concat([chunk(body), END])), isBroken: false }),
  (head, body) => ({ bytes: plain([...head, CHUNKED], chunk(body, 'zz')), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, CHUNKED], chunk(body, `-${body.length}`)), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, CHUNKED], chunk(body, `5;${'e'.repeat(20_000)}`)), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, CHUNKED, length(body.length)], chunk(body)), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length), length(body.length + 1)], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(-1)], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length('1e3')], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length + 50)], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length)], body, '\n'), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length), ' folded: 1'], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length), 'no colon'], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length), 'x\u0000y: 1'], body), isBroken: true }),
  (head, body) => ({ bytes: plain([...head, length(body.length), ...many()], body), isBroken: true }),
  (head, body) => ({ bytes: plain([(head[0] ?? '').replace('1.1', '9.9'), ...head.slice(1), length(body.length)], body), isBroken: true }),
  (head, body) => ({ bytes: plain([(head[0] ?? '').replace('1.1', '1.0'), ...head.slice(1), length(body.length)], body), isBroken: false }),
  (_, body) => ({ bytes: body.length > 0 ? body : Buffer.from('\r\n\r\n\r\n'), isBroken: true }),
  (head, body, random) => ({ bytes: plain(head, body).subarray(0, 1 + random.below(60)), isBroken: true }),
]; // prettier-ignore

const many = (): string[] => Array.from({ length: 3_000 }, (_, i) => `x-${i}: 1`);

/** A request to an operation, broken in some way: body, path, query, headers, or the way it is sent. */
export function craft(operation: Operation, { keys, random, runIds }: CraftSettings): Crafted {
  const method = random.chance(0.04)
    ? random.pick(['TRACE', 'PUT', 'HEAD', 'OPTIONS', 'FOO', 'DELETE'])
    : operation.method;
  const body = operation.body ? mutateBody(operation.body(random), random) : Buffer.alloc(0);
  const line = `${method} ${targetOf(operation, runIds, random)} HTTP/1.1`;
  const head = [line, ...headersOf(body, keyFor(operation.path, keys, random), random)];
  const isOdd = random.chance(0.12);
  const sent = isOdd
    ? random.pick(TRANSPORTS)(head, body, random)
    : { bytes: plain(body.length > 0 ? [...head, length(body.length)] : head, body), isBroken: false };
  // A body beyond the limit is refused unread; the reset that follows may overtake the answer.
  const isBroken =
    sent.isBroken ||
    body.length > LARGE_BODY_BYTES ||
    head.some((row) => /^(transfer-encoding|upgrade|expect):/.test(row));
  return {
    ...sent,
    isBroken,
    what: `${line.slice(0, 120)}${isOdd ? ' (odd transport)' : ''}`,
    isHead: method === 'HEAD',
  };
}

function targetOf({ path, query }: Operation, runIds: readonly string[], random: Random): string {
  const id = (): string => (runIds.length > 0 && random.chance(0.3) ? random.pick(runIds) : random.pick(IDS));
  let target = path.replace(/\{\w+\}/g, id);
  if (random.chance(0.03))
    target = random.pick([`http://evil.example${target}`, '*', `/${target}`, `${target}/`, `${target}%00`, 'x']);
  if (random.chance(0.3)) {
    const names = [...query, 'after_seq', 'limit', '__proto__[x]', 'a[]', 'x'.repeat(50)];
    const pairs = Array.from(
      { length: 1 + random.below(3) },
      () => `${random.pick(names)}=${random.pick(QUERY_VALUES)}`,
    );
    target += `?${pairs.join('&')}`;
  }
  return target;
}

/** Mostly the right one: a refused stranger tells nothing about the route. */
function keyFor(path: string, keys: Keys, random: Random): string {
  if (random.chance(0.03)) return random.pick(['wrong', keys.api, keys.admin, '\xff', 'a b']);
  if (path === '/metrics') return keys.metrics;
  return /^\/(admin|internal)\b/.test(path) ? keys.admin : keys.api;
}

function headersOf(body: Buffer, key: string, random: Random): string[] {
  const headers = ['host: localhost', 'connection: close'];
  if (random.chance(0.97)) headers.push(`authorization: Bearer ${key}`);
  if (body.length > 0) {
    headers.push(`content-type: ${random.chance(0.08) ? random.pick(CONTENT_TYPES) : 'application/json'}`);
  }
  while (random.chance(0.2)) headers.push(`${random.pick(HEADERS)}: ${random.pick(HEADER_JUNK)}`);
  return headers;
}
