import type { FakeUpstream } from '../test/support/fake-upstream.js';

/**
 * The models that clients are run with, besides those of the fake upstream: each says the same whenever it is asked the
 * same. They are asked for as `answer:name=<name>`, and speak Chat Completions.
 *
 *   client-tool   calls `weather` of the caller, then repeats what it said
 *   server-tool   calls `current_time` of the gateway, then repeats what it said
 *   mixed         calls both in one step, or the shell of a coding agent in place of `weather`, then repeats what the
 *                 caller's said
 *   structured    an object, when a JSON schema or a function that takes one asks for it
 *   image         says the type and the size of each image that it was shown
 *   coder         calls the shell of a coding agent twice, then repeats what the second call said
 */
export function teach(upstream: FakeUpstream): void {
  for (const [name, say] of Object.entries(MODELS)) {
    upstream.answers.set(name, (body) => ({
      headers: { 'content-type': 'text/event-stream' },
      body: framesOf(say(body as unknown as Request)),
    }));
  }
}

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: { readonly url: string };
}
interface Message {
  readonly role: string;
  readonly content?: string | readonly Part[] | null;
}
interface Tool {
  readonly function: { readonly name: string; readonly parameters?: { readonly properties?: Record<string, object> } };
}
interface Request {
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  readonly response_format?: { readonly type: string };
}
interface Call {
  readonly name: string;
  readonly args: object;
}
type Said = { readonly text: string } | { readonly calls: readonly Call[] };

/** What the structured model gives, whatever the schema: clients ask for this shape. */
const OBJECT = { city: 'Paris', degrees: 21 };
const weather: Call = { name: 'weather', args: { city: 'Paris' } };
const time: Call = { name: 'current_time', args: { timezone: 'UTC' } };

const MODELS: Record<string, (request: Request) => Said> = {
  'client-tool': ({ messages }) => afterResults(messages, [weather]) ?? { text: `It said: ${lastResult(messages)}` },
  'server-tool': ({ messages }) => afterResults(messages, [time]) ?? { text: `It said: ${lastResult(messages)}` },
  mixed: ({ messages, tools = [] }) => {
    const call = shellOf(tools)?.('cat given.txt') ?? weather;
    return afterResults(messages, [time, call]) ?? { text: `It said: ${lastResult(messages)}` };
  },
  structured: ({ messages, tools, response_format }) => {
    if (response_format?.type === 'json_schema') return { text: JSON.stringify(OBJECT) };
    if (messages.at(-1)?.role === 'tool') return { text: 'Given.' };
    // Clients that have no word for a schema offer a function that takes the object; most of them force its call.
    const takes = tools?.find(({ function: one }) => Object.hasOwn(one.parameters?.properties ?? {}, 'degrees'));
    return takes ? { calls: [{ name: takes.function.name, args: OBJECT }] } : { text: 'Nobody asked for an object.' };
  },
  image: ({ messages }) => {
    const images = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as Part[]) : []));
    const seen = images.flatMap(({ image_url }) => (image_url ? [describe(image_url.url)] : []));
    return { text: seen.length === 0 ? 'I see nothing.' : `I see ${seen.join(' and ')}.` };
  },
  coder: ({ messages, tools = [] }) => {
    const results = resultsOf(messages);
    const shell = shellOf(tools);
    // A request without tools is one for a title of the conversation, or for a summary.
    if (!shell) return { text: 'A title' };
    if (results.length === 0) return { calls: [shell('echo first > made.txt')] };
    if (results.length === 1) return { calls: [shell('cat made.txt given.txt')] };
    return { text: `It said: ${lastResult(messages)}` };
  },
};

const textOf = (content: Message['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('');
const resultsOf = (messages: readonly Message[]): readonly Message[] => messages.filter(({ role }) => role === 'tool');
const lastResult = (messages: readonly Message[]): string => textOf(resultsOf(messages).at(-1)?.content);

/** The calls, as long as the last message is no result. */
function afterResults(messages: readonly Message[], calls: readonly Call[]): Said | undefined {
  return messages.at(-1)?.role === 'tool' ? undefined : { calls };
}

function describe(url: string): string {
  const [, type = 'nothing', base64 = ''] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? [];
  return `${type} of ${Buffer.from(base64, 'base64').length} bytes`;
}

/** How this agent's shell is called, by the name of its tool and of its argument. */
function shellOf(tools: readonly Tool[]): ((command: string) => Call) | undefined {
  const tool = tools.find(({ function: { name } }) =>
    /^((functions__)?exec|exec_command|shell_command|shell|bash)$/i.test(name),
  );
  if (!tool) return undefined;
  const { name, parameters } = tool.function;
  const properties = Object.keys(parameters?.properties ?? {});
  return (command) => {
    if (properties.includes('input')) return { name, args: { input: codexScript(command) } };
    if (properties.includes('cmd')) return { name, args: { cmd: command } };
    const args = { command, ...(properties.includes('description') && { description: 'Run a command' }) };
    return { name, args };
  };
}

/** The newest models of Codex write programs that call the shell. */
const codexScript = (command: string): string =>
  `const out = await tools.exec_command({ cmd: ${JSON.stringify(command)} });\ntext(out.output);`;

function framesOf(said: Said): string {
  const chunk = (delta: object, finish_reason: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
  const deltas = 'text' in said ? textDeltas(said.text) : said.calls.flatMap(callDeltas);
  const usage = { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 };
  const frames = [
    chunk({ role: 'assistant', content: '' }),
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, 'text' in said ? 'stop' : 'tool_calls'),
    { choices: [], usage },
  ];
  return `${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join('')}data: [DONE]\n\n`;
}

const textDeltas = (text: string): object[] => (text.match(/.{1,12}/gs) ?? []).map((content) => ({ content }));

function callDeltas({ name, args }: Call, index: number): object[] {
  const text = JSON.stringify(args);
  const half = Math.ceil(text.length / 2);
  return [
    { tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] },
    { tool_calls: [{ index, function: { arguments: text.slice(0, half) } }] },
    { tool_calls: [{ index, function: { arguments: text.slice(half) } }] },
  ];
}
