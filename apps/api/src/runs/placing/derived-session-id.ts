import type { ContentPart, RunDraft } from '#libs/contract';
import { hash } from 'node:crypto';

const DIGITS = 16;

/**
 * The session of a request that names none: the same for every request of a conversation whose client sends all of it
 * each time, because key, system prompt and first user message stay (as Hermes makes it: `api-` and 16 hex digits). Two
 * conversations that begin alike share it; it only groups runs, and neither continues one nor keeps them in order.
 */
export function derivedSessionId(owner: string, { instructions, messages }: RunDraft): string {
  const first = messages.find((message) => message.role === 'user');
  const seed = JSON.stringify([owner, instructions ?? '', first ? textOf(first.content) : '']);
  return `api-${hash('sha256', seed, 'hex').slice(0, DIGITS)}`;
}

const textOf = (content: string | readonly ContentPart[]): string =>
  typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : part.url)).join('\n');
