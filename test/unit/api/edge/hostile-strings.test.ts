import type { IncomingMessage } from 'node:http';
import { redactSecrets } from '#libs/contract';
import { parseDto, PROTOCOLS, type Protocol } from '#libs/protocols';
import { tokenOf } from '../../../../apps/api/src/edge/auth/key-ring.js';
import { apiHostCheck } from '../../../../apps/api/src/edge/auth/allowed-hosts.js';
import { parseJson } from '../../../../apps/api/src/edge/parse-json.js';
import { requestIdOf } from '../../../../apps/api/src/words/request-id.js';
import { cleanLine } from '../../../../libs/platform/src/logged-error.js';
import { mustEnd } from '../../../support/hang.js';

/** Texts that make a regular expression with two ways to match go back and forth. */
const SIZE = 400_000;
const HOSTILE = [
  'a',
  ' ',
  '(',
  '\\',
  '"',
  'a.',
  'a@',
  '-eyJ',
  'http://',
  'sk-',
  'token=',
  '\u2028',
  '{',
  '[',
  '%0',
  'aA1 ',
].map((piece) => `${piece.repeat(SIZE / piece.length)}!`);
/**
 * Throws when the work hangs: a quadratic step over so many characters takes minutes, a linear one milliseconds. A
 * refusal is as good as an answer.
 */
function mustAnswer(text: string, work: () => unknown): void {
  const answer = (): void => {
    try {
      work();
    } catch {
      // It was refused.
    }
  };
  try {
    mustEnd(answer);
  } catch (cause) {
    throw new Error(`hangs over ${text.slice(0, 8)}...`, { cause });
  }
}

const request = (headers: Record<string, string>): IncomingMessage =>
  ({ headers, rawHeaders: Object.entries(headers).flat() }) as unknown as IncomingMessage;

describe('hostile texts of 400,000 characters make nothing hang', () => {
  test.each<[string, (text: string) => unknown]>([
    ['the body parser', (text) => parseJson(Buffer.from(JSON.stringify({ [text]: [text] })))],
    ['a body that is no JSON', (text) => parseJson(Buffer.from(text))],
    ['Authorization', (text) => tokenOf(request({ authorization: `Bearer ${text}` }))],
    ['X-Request-Id', (text) => requestIdOf({ 'x-request-id': text })],
    ['Host', (text) => apiHostCheck({ host: '127.0.0.1', allowedHosts: [] })(text)],
    ['a log line', (text) => cleanLine(text)],
    ['redaction', (text) => redactSecrets(text)],
  ])('%s', (_name, work) => {
    for (const text of HOSTILE) expect(() => mustAnswer(text, () => work(text))).not.toThrow();
  });

  test.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))('every text of %s', (_name, protocol) => {
    for (const text of HOSTILE) {
      for (const body of bodiesWith(text)) {
        expect(() => mustAnswer(text, () => decode(protocol, body))).not.toThrow();
      }
    }
  });
});

const decode = (protocol: Protocol, body: object): unknown =>
  protocol.decode(parseDto(protocol.dto, body), { hermesClient: false, messageTextCharsMax: 1_000_000 });

/** One text in every place a request has for one. */
function bodiesWith(text: string): Record<string, unknown>[] {
  const messages = [{ role: 'user', content: 'hi' }];
  const tool = (name: string): object => ({ type: 'function', function: { name, description: text, parameters: {} } });
  return [
    { model: text, messages },
    { messages: [{ role: text, content: text, name: text }] },
    { messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: text } }] }] },
    {
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${text}` } }] },
      ],
    },
    { messages, tools: [tool(text)], tool_choice: text },
    { messages, stop: text, user: text, metadata: { [text]: text } },
    { messages, response_format: { type: text, json_schema: { name: text, schema: {} } } },
    { input: text, instructions: text, model: 'talaria' },
    { input: [{ type: 'message', role: 'user', content: [{ type: 'input_image', image_url: text }] }] },
  ];
}
