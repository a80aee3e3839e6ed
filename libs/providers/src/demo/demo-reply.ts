import {
  isJsonObject,
  type ClientTool,
  type JsonObject,
  type Message,
  type ModelRequest,
  type ToolMessage,
} from '#libs/contract';
import { CallIds } from '../upstream/answers/call-ids.js';
import { messageText } from './demo-words.js';
import { sampleOf } from './schema-sample.js';

/** What the demo model will answer. */
export interface DemoReply {
  readonly text: string;
  readonly calls: readonly DemoCall[];
}

interface DemoCall {
  readonly callId: string;
  readonly name: string;
  readonly args: JsonObject;
}

/** Characters of the user's text that an answer repeats. */
const ECHO_CHARS_MAX = 500;
/** Of the end of what was said, in which its last word stands. */
const WORD_CHARS_MAX = 60;

/**
 * Chooses the reply. Results of tools are answered with text. Otherwise the model calls a tool that is forced or that
 * the text asks for (the time, a URL, or a tool by its name), and answers the text when there is none. A forced call is
 * made once per question, because results are always answered with text.
 */
export function replyTo(request: ModelRequest): DemoReply {
  const { messages } = request;
  const lastUser = messages.findLast((message) => message.role === 'user');
  const said = lastUser ? messageText(lastUser).trim() : '';
  const results = resultsAtEnd(messages);
  if (results.length > 0) return { text: aboutResults(results, messages), calls: [] };
  const tools = toolsToCall(request, said);
  if (tools.length > 0) return { text: '', calls: callsOf(tools, said, messages) };
  return { text: plainAnswer(request, said), calls: [] };
}

function resultsAtEnd(messages: readonly Message[]): ToolMessage[] {
  const before = messages.findLastIndex((message) => message.role !== 'tool');
  return messages.slice(before + 1).filter((message) => message.role === 'tool');
}

function aboutResults(results: readonly ToolMessage[], messages: readonly Message[]): string {
  const calls = messages.flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []));
  const lines = results.map(({ callId, output, isError }) => {
    const name = calls.findLast((call) => call.callId === callId)?.name ?? 'the tool';
    return `${name} ${isError ? 'failed' : 'answered'}: ${short(output)}`;
  });
  return `I asked a tool, and this is what came back.\n${lines.join('\n')}`;
}

function toolsToCall({ tools, toolChoice, sampling }: ModelRequest, said: string): readonly ClientTool[] {
  if (toolChoice.kind === 'none') return [];
  if (toolChoice.kind === 'named') return tools.filter(({ name }) => name === toolChoice.name).slice(0, 1);
  const allowed = toolChoice.kind === 'allowed' ? tools.filter(({ name }) => toolChoice.names.includes(name)) : tools;
  const wanted = allowed.filter(({ name }) => asksFor(name, said));
  const mode = toolChoice.kind === 'allowed' ? toolChoice.mode : toolChoice.kind;
  if (wanted.length === 0) return mode === 'required' ? allowed.slice(0, 1) : [];
  return sampling.parallelToolCalls === false ? wanted.slice(0, 1) : wanted;
}

function asksFor(tool: string, said: string): boolean {
  if (tool === 'current_time' && /\b(time|date|clock|what day)\b/i.test(said)) return true;
  if (tool === 'http_fetch' && urlIn(said) !== undefined) return true;
  const words = said.toLowerCase().split(/[^a-z0-9_-]+/);
  return words.includes(tool.toLowerCase());
}

/** What a short question is most often about: "Use get_weather for Oslo." */
function lastWord(said: string): string | undefined {
  const word = /[\p{L}\p{N}][\p{L}\p{N}_-]*(?=[^\p{L}\p{N}]*$)/u.exec(said.slice(-WORD_CHARS_MAX))?.[0];
  return word === undefined || said === '' ? undefined : word;
}

function callsOf(tools: readonly ClientTool[], said: string, messages: readonly Message[]): DemoCall[] {
  const ids = new CallIds(messages);
  return tools.map(({ name, parameters }, index) => {
    const word = lastWord(said);
    const sample = sampleOf(parameters ?? {}, { url: urlIn(said), word: word === name ? undefined : word });
    return { callId: ids.give(`call_${name}`, index), name, args: isJsonObject(sample) ? sample : {} };
  });
}

function plainAnswer({ sampling, tools }: ModelRequest, said: string): string {
  const format = sampling.responseFormat;
  if (format?.type === 'json_schema') return JSON.stringify(sampleOf(format.schema ?? {}, { url: urlIn(said) }));
  if (format?.type === 'json_object') return JSON.stringify({ model: 'demo', you_said: short(said) });
  const isGreeting = /^(hi|hello|hey|hallo|good (morning|day|afternoon|evening)|greetings)\b/i.test(said);
  const opening = isGreeting ? 'Hello! I am' : 'This is';
  const echo = said === '' ? 'You did not say anything yet.' : `You said: "${short(said)}"`;
  const offered = tools.length === 0 ? '' : `\n\nI can call: ${tools.map(({ name }) => name).join(', ')}.`;
  return (
    `${opening} the demo model that is built into Talaria. ${echo}\n\n` +
    'I understand next to nothing, but I stream, call tools and stop when I am told to, so you can try everything ' +
    'without a key. To talk to a real model, set OPENAI_API_KEY, or OPENAI_BASE_URL for any server that speaks the ' +
    `OpenAI API, and start Talaria again.${offered}`
  );
}

function short(text: string): string {
  return text.length > ECHO_CHARS_MAX ? `${text.slice(0, ECHO_CHARS_MAX)}…` : text;
}

function urlIn(text: string): string | undefined {
  return /https?:\/\/[^\s<>"')\]]+/i.exec(text)?.[0].replace(/[.,;:!?]+$/, '');
}
