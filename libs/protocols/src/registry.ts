import { openaiChat } from './openai-chat/openai-chat.js';
import { openaiResponses } from './openai-responses/openai-responses.js';
import type { Protocol } from './protocol.js';

/** Every protocol that the gateway speaks. The API makes one route per path from it, after `checkRegistry`. */
export const PROTOCOLS: readonly Protocol[] = [openaiChat, openaiResponses];

/**
 * Throws an Error when two protocols share a name or a path (aliases included), or a path is not absolute. For boot.
 */
export function checkRegistry(protocols: readonly Protocol[]): void {
  const paths = protocols.flatMap((protocol) => [protocol.path, ...(protocol.aliases ?? [])]);
  const relative = paths.find((path) => !path.startsWith('/'));
  if (relative !== undefined) throw new Error(`The protocol path "${relative}" does not begin with a slash.`);
  assertUnique(
    'name',
    protocols.map((protocol) => protocol.name),
  );
  assertUnique('path', paths);
}

function assertUnique(what: string, values: readonly string[]): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new Error(`Two protocols share the ${what} "${twice}".`);
}
