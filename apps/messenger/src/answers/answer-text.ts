import { hasEnded, outputText, type RunSnapshot } from '#libs/contract';

/** What the chat is shown of a run: its text so far, and once it is over, how it ended if that needs to be said. */
export function answerText(snapshot: RunSnapshot): string {
  const text = outputText(snapshot).trim();
  if (!hasEnded(snapshot)) return text;
  const note = endingNote(snapshot, text === '');
  return [text, note].filter((part) => part !== undefined && part !== '').join('\n\n');
}

function endingNote({ status, error, incompleteReason }: RunSnapshot, isEmpty: boolean): string | undefined {
  switch (status) {
    case 'failed':
      return `[The answer failed: ${error?.message ?? 'unknown error'}]`;
    case 'cancelled':
      return '[Stopped]';
    case 'incomplete':
      if (incompleteReason === 'max_cost') return '[The answer stops here: it may cost no more]';
      return incompleteReason === 'content_filter' ? '[The answer was withheld]' : '[The answer was cut off]';
    default:
      return isEmpty ? '[The answer is empty]' : undefined;
  }
}
