import { redactSecrets, type Tool } from '#libs/contract';
import { parseJson } from '../../apps/api/src/edge/parse-json.js';
import { openToolbox } from '../../libs/agent/src/toolbox.js';
import { CallIds } from '../../libs/providers/src/upstream/answers/call-ids.js';
import { ClosedJson } from '../../libs/providers/src/upstream/answers/closed-json.js';
import { placesOf } from '../../libs/tools/src/files/find-text.js';
import { readableText } from '../../libs/tools/src/http-fetch/readable-text.js';
import { mayUse } from '../../libs/tools/src/toolsets.js';

/** Something that is measured, and what it is compared with. */
export interface Comparison {
  readonly name: string;
  readonly against: string;
  part(): unknown;
  floor(): unknown;
}

/** Something whose cost has to grow as its input does. `work(n)` gives the work for a size. */
export interface Growth {
  readonly name: string;
  readonly size: number;
  work(size: number): () => unknown;
}

const body = (word: string): Buffer => Buffer.from(`["${word}"${',0'.repeat(400_000)}${',{"a":0}'.repeat(40_000)}]`);
const plain = body('plain');
const mentions = body('__proto__');
const escaped = body('\\u0070');

export const COMPARISONS: readonly Comparison[] = [
  {
    name: 'a large JSON body',
    against: 'JSON.parse',
    part: () => parseJson(plain),
    floor: () => JSON.parse(plain.toString('utf8')) as unknown,
  },
  {
    name: 'the same, with the word __proto__ in a text',
    against: 'without it',
    part: () => parseJson(mentions),
    floor: () => parseJson(plain),
  },
  {
    name: 'the same, with an escape that may hide it',
    against: 'without it',
    part: () => parseJson(escaped),
    floor: () => parseJson(plain),
  },
];

export const GROWTHS: readonly Growth[] = [
  {
    name: 'tool arguments that come letter by letter',
    size: 50_000,
    work: (size) => () => {
      const closed = new ClosedJson();
      closed.add('[');
      for (let n = 0; n < size; n++) closed.add('1,');
      return closed.isClosed;
    },
  },
  {
    name: 'ids of calls that a conversation has used before',
    size: 10_000,
    work(size) {
      const toolCalls = Array.from({ length: size }, (_, n) => ({ callId: `c_${n}`, name: 'f', arguments: '{}' }));
      return () => new CallIds([{ role: 'assistant', text: '', toolCalls }]).give('c', 0);
    },
  },
  {
    name: 'a long passage in a file that repeats itself',
    size: 200_000,
    work(size) {
      const text = 'a'.repeat(size);
      const wanted = `${'a'.repeat(size / 4)}b${'a'.repeat(size / 4)}`;
      return () => placesOf(text, wanted, { max: 1, overlapping: false });
    },
  },
  {
    name: 'the tools of a run, of MCP servers with so many',
    size: 1_000,
    work(size) {
      const tools = Array.from({ length: size }, (_, n) => mcpTool(`s${n % 8}__tool_${n}`));
      const settings = {
        everywhere: Array.from({ length: 8 }, (_, n) => `s${n}__*`),
        toolsets: [],
        byKey: [],
        byModel: [],
      };
      const run = { protocol: 'runs', tools: [], toolChoice: { kind: 'auto' } } as const;
      return () => {
        const allowed = mayUse(settings, { owner: 'alice', models: [] });
        return openToolbox(
          run,
          tools.filter(({ name }) => allowed(name)),
        );
      };
    },
  },
  { name: 'a page of open tags', size: 100_000, work: (size) => textWork(readableText, '<a ', size) },
  { name: 'a page of open comments', size: 100_000, work: (size) => textWork(readableText, '<!--', size) },
  { name: 'secrets in a long text', size: 100_000, work: (size) => textWork(redactSecrets, 'token=', size) },
];

function mcpTool(name: string): Tool {
  const parameters = { type: 'object', properties: { query: { type: 'string' } } };
  const execute: Tool['execute'] = async () => ({ output: '' });
  return { name, description: name, parameters, idempotent: false, approval: 'never', execute };
}

function textWork(read: (text: string) => unknown, piece: string, size: number): () => unknown {
  const text = piece.repeat(size / piece.length);
  return () => read(text);
}
