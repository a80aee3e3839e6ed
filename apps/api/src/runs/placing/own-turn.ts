import type { Message } from '#libs/contract';

/**
 * The messages that a request adds to a session. Chat clients send the whole conversation again with every request. In
 * a named session the stored history replaces it, as with Hermes, so that nothing appears twice. What remains is the
 * last user message, with the results around it of calls that the client executed.
 */
export function ownTurn(messages: readonly Message[]): readonly Message[] {
  const lastAnswer = messages.findLastIndex(({ role }) => role === 'assistant');
  const said = messages.slice(lastAnswer + 1);
  const lastUser = said.findLastIndex(({ role }) => role === 'user');
  const added = said.filter(({ role }, i) => role === 'tool' || i === lastUser);
  if (added.length > 0) return added;
  // The client ends with words that it puts into the assistant's mouth.
  return messages.slice(
    Math.max(
      0,
      messages.findLastIndex(({ role }) => role === 'user'),
    ),
  );
}
