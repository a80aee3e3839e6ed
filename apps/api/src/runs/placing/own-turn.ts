import type { Message } from '#libs/contract';

/**
 * What a request adds to a session. Chat clients send the whole conversation again with every request; in a named
 * session the stored history stands in its place, as with Hermes, so that nothing is said twice. What remains is the
 * last user message, with the tool results around it: results of calls that the client executed itself.
 */
export function ownTurn(messages: readonly Message[]): readonly Message[] {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  const said = messages.slice(lastAnswer + 1);
  const lastUser = said.findLastIndex(({ role }) => role === 'user');
  const added = said.filter(({ role }, i) => role === 'tool' || i === lastUser);
  if (added.length > 0) return added;
  // The client ends with words it puts into the assistant's mouth.
  return messages.slice(
    Math.max(
      0,
      messages.findLastIndex(({ role }) => role === 'user'),
    ),
  );
}
