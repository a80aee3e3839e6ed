import type { UserMessage } from '#libs/contract';

const FORM = 'talaria.1.';
const INNER_FORM = 'talaria.2.';

/**
 * The `encrypted_content` of a compaction item. It holds only what its owner said and was told, so it is packed and not
 * encrypted: any replica can read it, for as long as its owner keeps it.
 */
export function packSummary(summary: string): string {
  return pack(FORM, summary);
}

/** The same for a summary that a response made in the middle: it replaces the items before it. */
export function packInnerSummary(summary: string): string {
  return pack(INNER_FORM, summary);
}

function pack(form: string, summary: string): string {
  return form + Buffer.from(summary, 'utf8').toString('base64url');
}

/** undefined for a text that was not packed here. */
export function unpackSummary(content: string): string | undefined {
  const packed = content.slice(FORM.length);
  const isOurs = (content.startsWith(FORM) || isInnerSummary(content)) && /^[A-Za-z0-9_-]+$/.test(packed);
  return isOurs ? Buffer.from(packed, 'base64url').toString('utf8') : undefined;
}

/** Whether the summary stands for the items before it as well. */
export const isInnerSummary = (content: string): boolean => content.startsWith(INNER_FORM);

/**
 * Asks for the summary after the conversation itself, so that an upstream finds the whole conversation in its prompt
 * cache. The caller's system text and tools keep their positions for the same reason. The tool choice forbids a call.
 */
export const COMPACTION_TASK: UserMessage = {
  role: 'user',
  content: [
    'Write notes from which you could go on without this conversation: what the user wants, decisions and their reasons,',
    'facts, names, numbers, identifiers and file paths that matter, results of tools, what is done, what is open.',
    'Write only the notes.',
  ].join(' '),
};
