import { answerMessages, type Message, type RunDraft, type ToolMessage, type Turn } from '#libs/contract';
import type { HistoryReader } from './history-reader.js';

/** The messages of a conversation, in order: of each turn what was asked and what was answered. */
export function messagesOf(turns: readonly Turn[]): Message[] {
  return turns.flatMap(({ input, snapshot }) => [...(input?.messages ?? []), ...answerMessages(snapshot)]);
}

/**
 * Everything that the model shall read: what came before the run, from the conversation object or the runs it belongs
 * to, then its own input. Rejects as `HistoryReader.turns` does.
 */
export async function conversationOf(
  { context, parentId, messages }: Pick<RunDraft, 'context' | 'parentId' | 'messages'>,
  history: HistoryReader,
): Promise<readonly Message[]> {
  if (context) return closeCalls([...context, ...messages]);
  return parentId === undefined ? messages : joinConversation(await history.turns(parentId), messages);
}

/**
 * A conversation and what is said next, as an upstream accepts it: every call has its result behind it, and every
 * result its call before it. A call whose result never came (the turn was cancelled, the client went on without it)
 * gets one that says so.
 */
export function joinConversation(turns: readonly Turn[], own: readonly Message[]): Message[] {
  return closeCalls([...messagesOf(turns), ...own]);
}

function closeCalls(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  let open: string[] = [];
  const close = (): void => {
    joined.push(...open.map(missingResult));
    open = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      // Its call has been answered, or went with a turn that is not kept any more.
      if (!open.includes(message.callId)) continue;
      open = open.filter((callId) => callId !== message.callId);
    } else {
      close();
      if (message.role === 'assistant') open = message.toolCalls.map(({ callId }) => callId);
    }
    joined.push(message);
  }
  close();
  return joined;
}

const missingResult = (callId: string): ToolMessage => ({
  role: 'tool',
  callId,
  output: 'No result of this call was given.',
  isError: true,
});
