import type { IncomingMessage } from 'node:http';
import { redactSecrets } from '#libs/contract';
import { parseDto, PROTOCOLS, type Protocol } from '#libs/protocols';
import { tokenOf } from '../../../../apps/api/src/edge/auth/key-ring.js';
import { hostCheck } from '../../../../apps/api/src/edge/auth/allowed-hosts.js';
import { parseJson } from '../../../../apps/api/src/edge/parse-json.js';
import { requestIdOf } from '../../../../apps/api/src/words/request-id.js';
import { cleanLine } from '../../../../libs/platform/src/logged-error.js';
import { withSlack } from '../../../support/slack.js';

/** Texts that make a regular expression with two ways to match go back and forth. */
const SIZE = 50_000;
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
/** A quadratic step over 50,000 characters takes seconds; a busy machine makes a linear one take some milliseconds. */
const MS_MAX = withSlack(500);

function msOf(work: () => unknown): number {
  const before = performance.now();
  try {
    work();
  } catch {
    // A refusal is as good as an answer; how long it took is what counts.
  }
  return performance.now() - before;
}

const request = (headers: Record<string, string>): IncomingMessage =>
  ({ headers, rawHeaders: Object.entries(headers).flat() }) as unknown as IncomingMessage;

describe('hostile texts of 50,000 characters take no time', () => {
  test.each<[string, (text: string) => unknown]>([
    ['the body parser', (text) => parseJson(Buffer.from(JSON.stringify({ [text]: [text] })))],
    ['a body that is no JSON', (text) => parseJson(Buffer.from(text))],
    ['Authorization', (text) => tokenOf(request({ authorization: `Bearer ${text}` }))],
    ['X-Request-Id', (text) => requestIdOf({ 'x-request-id': text })],
    ['Host', (text) => hostCheck({ host: '127.0.0.1', allowedHosts: [] })(text)],
    ['a log line', (text) => cleanLine(text)],
    ['redaction', (text) => redactSecrets(text)],
  ])('%s', (_name, work) => {
    for (const text of HOSTILE)
      expect([text.slice(0, 8), msOf(() => work(text)) < MS_MAX]).toEqual([text.slice(0, 8), true]);
  });

  test.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))('every text of %s', (_name, protocol) => {
    for (const text of HOSTILE) {
      for (const body of bodiesWith(text)) {
        const ms = msOf(() => decode(protocol, body));
        expect([Object.keys(body), text.slice(0, 8), ms < MS_MAX]).toEqual([Object.keys(body), text.slice(0, 8), true]);
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
