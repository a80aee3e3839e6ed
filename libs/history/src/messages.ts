import {
  continued,
  outputText,
  summaryText,
  type Message,
  type RunDraft,
  type ToolMessage,
  type Turn,
} from '#libs/contract';
import type { HistoryReader } from './history-reader.js';

/** The messages of a conversation, in order: the input and then the answer of each turn. */
export function messagesOf(turns: readonly Turn[]): Message[] {
  const at = turns.findLastIndex(isCompaction);
  const summary = at < 0 ? undefined : turns[at];
  const begun: Message[] = summary ? [summaryOf(summary)] : [];
  return turns
    .slice(at + 1)
    .reduce((before, { input, snapshot }) => continued([...before, ...(input?.messages ?? [])], snapshot), begun);
}

/** A turn with a complete summary replaces everything before it. */
function isCompaction({ snapshot }: Turn): boolean {
  return snapshot.compacts === true && snapshot.status === 'completed' && outputText(snapshot).trim() !== '';
}

const summaryOf = ({ snapshot }: Turn): Message => ({
  role: 'user',
  content: summaryText(outputText(snapshot).trim()),
});

/**
 * Everything that the model reads: the conversation so far, from the conversation object or from the chain of runs,
 * then the run's own input. Rejects like `HistoryReader.turns`.
 */
export async function conversationOf(
  { context, parentId, messages }: Pick<RunDraft, 'context' | 'parentId' | 'messages'>,
  history: HistoryReader,
): Promise<readonly Message[]> {
  if (context) return closeCalls([...context, ...messages]);
  return parentId === undefined ? messages : joinConversation(await history.turns(parentId), messages);
}

/**
 * A conversation and the messages that come next, in the form that upstreams accept: each result comes after its call,
 * and each call has a result. A call without a result (the turn was cancelled, or the client continued without it) gets
 * one that says so.
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
      // The call was answered before, or its turn is no longer kept.
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
