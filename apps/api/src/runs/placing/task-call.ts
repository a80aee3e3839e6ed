import type { RunDraft } from '#libs/contract';

/** Looked at of a message: instructions stand at its beginning. */
const LOOKED_AT_CHARS = 400;

/**
 * How chat pages begin a request that they make for themselves beside the conversation: a title, tags, what could be
 * asked next. Open WebUI ("### Task:"), LibreChat and LobeChat ("... title ...").
 */
const TASKS: readonly RegExp[] = [
  /^#+ ?task:/i,
  /^(please )?(generate|create|provide|write|give me)\b[^.\n]{0,80}\b(title|tags|headline)\b/i,
  /^(you are|you're)\b[^\n]{0,120}\b(title|naming)\b/i,
];

/**
 * Whether a request is such a call, and no turn of a conversation: one message of the user, which begins as one, or a
 * system text that does. A conversation that only speaks of titles is one when it has a second turn.
 */
export function isTaskCall({ instructions = '', messages, tools }: RunDraft): boolean {
  const [only, second] = messages;
  if (tools.length > 0 || second !== undefined || only?.role !== 'user') return false;
  const said =
    typeof only.content === 'string'
      ? only.content
      : only.content.map((part) => (part.type === 'text' ? part.text : '')).join(' ');
  return [instructions, said].some((text) => TASKS.some((task) => task.test(text.trim().slice(0, LOOKED_AT_CHARS))));
}
