import type { ClientTool, ContentPart, Message } from '#libs/contract';
import type { Prompt } from '#libs/protocols';
import type { KeyCounter } from './token-counter.js';

/** Tokens that OpenAI's chat format adds to a message, to the whole prompt, and to a function. */
const MESSAGE_TOKENS = 3;
const REPLY_TOKENS = 3;
const TOOL_TOKENS = 8;
/** The image itself is not examined: this is a square of 1,024 in high detail, or the fixed price of low detail. */
const IMAGE_TOKENS = 765;
const IMAGE_TOKENS_LOW = 85;

/**
 * The tokens of a prompt. Exact for texts of OpenAI's models, except for what OpenAI adds itself; an estimate for all
 * others. Throws like `KeyCounter.count`.
 * @param model the resolved name for which the prompt is counted.
 */
export async function countPrompt(
  counter: KeyCounter,
  model: string,
  { messages, instructions, tools }: Omit<Prompt, 'model'>,
): Promise<number> {
  const texts = [...messages.flatMap(textsOf), ...tools.map(toolText), ...(instructions ? [instructions] : [])];
  const counted = await counter.count(model, texts);
  const systemTokens = instructions ? MESSAGE_TOKENS : 0;
  const framing = MESSAGE_TOKENS * messages.length + systemTokens + TOOL_TOKENS * tools.length + REPLY_TOKENS;
  const images = messages.flatMap(imagesOf).reduce((sum, tokens) => sum + tokens, 0);
  return counted + framing + images;
}

function textsOf(message: Message): string[] {
  switch (message.role) {
    case 'user':
      return [
        message.role,
        ...partsOf(message.content).flatMap((part) => (part.type === 'image' ? [] : [part.text ?? ''])),
      ];
    case 'assistant':
      return [
        message.role,
        message.text,
        message.refusal ?? '',
        ...message.toolCalls.flatMap((call) => [call.name, call.arguments]),
      ];
    case 'system':
      return [message.role, message.content];
    case 'tool':
      return [message.role, message.output];
  }
}

function imagesOf(message: Message): number[] {
  if (message.role !== 'user') return [];
  return partsOf(message.content).flatMap((part) => {
    if (part.type !== 'image') return [];
    return [part.detail === 'low' ? IMAGE_TOKENS_LOW : IMAGE_TOKENS];
  });
}

const partsOf = (content: string | readonly ContentPart[]): readonly ContentPart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

const toolText = ({ name, description = '', parameters = {} }: ClientTool): string =>
  `${name} ${description} ${JSON.stringify(parameters)}`;
