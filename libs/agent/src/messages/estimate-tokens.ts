import type { ClientTool, ContentPart, Message, Reasoning } from '#libs/contract';

/**
 * Estimates the tokens of a text, rather too many than too few. ASCII counts two and a half characters per token: in
 * the tokenizers of OpenAI and Anthropic English prose has four to five, code and JSON about three. Every other UTF-16
 * unit counts as one token: Chinese has about one per character, most other scripts fewer.
 */
export function estimateTokens(text: string, charsPerToken = ASCII_CHARS_PER_TOKEN): number {
  let others = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) others++;
  return Math.ceil((text.length - others) / charsPerToken) + others;
}

const ASCII_CHARS_PER_TOKEN = 2.5;
/** For role, separators and ids. */
const TOKENS_PER_MESSAGE = 8;
/** The most that OpenAI and Anthropic count for one image. */
const TOKENS_PER_IMAGE = 1_600;

/** Counts texts; `estimateTokens`, or a tokenizer. */
export type CountTokens = (text: string) => number;

export function messageTokens(message: Message, count: CountTokens): number {
  return TOKENS_PER_MESSAGE + contentTokens(message, count);
}

export function toolTokens(tools: readonly ClientTool[], count: CountTokens): number {
  return tools.reduce((sum, tool) => sum + TOKENS_PER_MESSAGE + count(JSON.stringify(tool)), 0);
}

function contentTokens(message: Message, count: CountTokens): number {
  switch (message.role) {
    case 'user':
      return typeof message.content === 'string' ? count(message.content) : partTokens(message.content, count);
    case 'system':
      return count(message.content);
    case 'tool':
      return count(message.output);
    case 'assistant':
      return message.toolCalls.reduce(
        (sum, call) => sum + TOKENS_PER_MESSAGE + count(call.name) + count(call.arguments),
        count(message.text) + count(message.refusal ?? '') + reasoningTokens(message.reasoning ?? [], count),
      );
  }
}

/** The model does not read signatures. It reads encrypted reasoning, which is about as long as its text. */
const reasoningTokens = (blocks: readonly Reasoning[], count: CountTokens): number =>
  blocks.reduce((sum, { text, seal }) => sum + count(text) + count(seal?.encrypted ?? ''), 0);

const partTokens = (parts: readonly ContentPart[], count: CountTokens): number =>
  parts.reduce((sum, part) => sum + (part.type === 'image' ? TOKENS_PER_IMAGE : count(part.text ?? '')), 0);
