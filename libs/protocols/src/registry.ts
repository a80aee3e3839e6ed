import { aiSdkUi } from './ai-sdk-ui/ai-sdk-ui.js';
import { anthropicMessages } from './anthropic-messages/anthropic-messages.js';
import { openaiEmbeddings } from './openai-embeddings/openai-embeddings.js';
import { openaiChat } from './openai-chat/openai-chat.js';
import { openaiResponses } from './openai-responses/openai-responses.js';
import { pathsOf } from './protocol/protocol-at.js';
import type { Protocol } from './protocol/protocol.js';

/** Every protocol that the gateway speaks. The API makes one route per path from it, after `checkProtocols`. */
export const PROTOCOLS: readonly Protocol[] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  aiSdkUi,
  openaiEmbeddings,
];

/**
 * Called at boot. Throws an Error when two protocols share a name or a path (aliases and other routes included), when a
 * path is not absolute, or when not exactly one protocol lists the models for clients that no other protocol
 * recognises.
 */
export function checkProtocols(protocols: readonly Protocol[]): void {
  const paths = protocols.flatMap(pathsOf);
  const relative = paths.find((path) => !path.startsWith('/'));
  if (relative !== undefined) throw new Error(`The protocol path "${relative}" does not begin with a slash.`);
  assertUnique(
    'name',
    protocols.map((protocol) => protocol.name),
  );
  assertUnique('path', paths);
  const lists = protocols.filter(({ models }) => models && !models.speaks);
  if (lists.length !== 1) throw new Error(`${lists.length} protocols have the list of models for everybody, not one.`);
}

function assertUnique(what: string, values: readonly string[]): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new Error(`Two protocols share the ${what} "${twice}".`);
}
