import type { ContentPart, RunDraft } from '#libs/contract';
import { hash } from 'node:crypto';

const DIGITS = 16;

/**
 * The session of a request that names none. It is the same for all requests of a conversation whose client sends the
 * whole conversation each time, because key, system prompt and first user message stay the same (in the form of Hermes:
 * `api-` and 16 hex digits). Two conversations with the same beginning share it. It only groups runs: it neither
 * continues a run nor keeps runs in order.
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
