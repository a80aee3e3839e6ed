import {
  answerMessages,
  GatewayError,
  type ContentPart,
  type JsonObject,
  type Message,
  type Turn,
} from '#libs/contract';

export interface MessagePage {
  readonly messages: readonly JsonObject[];
  readonly hasMore: boolean;
}

/**
 * The messages of a conversation, oldest first, behind the one with the id `after`; at most `limit`. Ids are
 * `<run>:<n>`, n counting within the run; of a run that goes on only what it was asked and its completed steps are
 * there. Throws GatewayError `invalid_cursor`.
 */
export function pageOfMessages(turns: readonly Turn[], limit: number, after?: string): MessagePage {
  const all = turns.flatMap(messagesOfTurn);
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && from === 0) {
    throw new GatewayError('invalid_cursor', 'after is not the id of a message of this session.', { param: 'after' });
  }
  return { messages: all.slice(from, from + limit), hasMore: all.length > from + limit };
}

function messagesOfTurn({ runId, input, snapshot }: Turn): JsonObject[] {
  const asked = (input?.messages ?? []).map((message) => ({ message, at: snapshot.createdAt }));
  const answered = answerMessages(snapshot).map((message) => ({ message, at: snapshot.updatedAt }));
  return [...asked, ...answered].map(({ message, at }, i) => ({
    id: `${runId}:${i}`,
    run_id: runId,
    created_at: at / 1_000,
    ...messageObject(message),
  }));
}

/** In the words of Chat Completions, which every client of sessions knows. */
function messageObject(message: Message): JsonObject {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: contentObject(message.content) };
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.output };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.text === '' ? null : message.text,
        ...(message.refusal !== undefined && { refusal: message.refusal }),
        ...(message.toolCalls.length > 0 && {
          tool_calls: message.toolCalls.map(({ callId, name, arguments: text }) => ({
            id: callId,
            type: 'function',
            function: { name, arguments: text },
          })),
        }),
      };
  }
}

function contentObject(content: string | readonly ContentPart[]): string | JsonObject[] {
  if (typeof content === 'string') return content;
  return content.map((part) =>
    part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image_url', image_url: { url: part.url } },
  );
}
