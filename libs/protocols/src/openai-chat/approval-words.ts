import type { EventOf } from '#libs/contract';
import { approvalFacts } from '../runs/approval-object.js';

/**
 * How a person learns what is asked and how to answer, in a client that shows the text of the answer alone. It is one
 * line of a fixed shape, so that `withoutApprovalWords` finds it again.
 */
export function approvalWords(event: EventOf<'approval.requested'>, runId: string): string {
  const { tool, preview, expires_at } = approvalFacts(event);
  const what = preview === null ? `\`${tool}\`` : `\`${tool}\`: ${preview.replaceAll('`', "'")}`;
  const until = new Date(expires_at * 1_000).toISOString().slice(11, 16);
  const asks = event.ask ? 'wants to ask you something' : 'waits for your approval';
  const how = event.ask ? 'Answer' : 'Allow or deny it';
  return (
    `\n\n> ${what} ${asks}. ${how} on the page of this gateway under /inbox, or with ` +
    `\`POST /v1/runs/${runId}/approval\` and \`{"choice": "once"}\` or \`{"choice": "deny"}\`. ` +
    `Without an answer it is not made at ${until} UTC.\n\n`
  );
}

const WORDS = new RegExp(
  '^> `[^`]+`(: .*)? (wants to ask you something|waits for your approval)\\. (Answer|Allow or deny it) on the page of ' +
    'this gateway under /inbox, or with `POST /v1/runs/[^`]+/approval` and `\\{"choice": "once"\\}` or ' +
    '`\\{"choice": "deny"\\}`\\. Without an answer it is not made at \\d\\d:\\d\\d UTC\\.\\s*$',
);

/**
 * The text of an answer that a client sends back as history, without the words of `approvalWords` and the blank lines
 * around them: no model has said them, and one that reads them would soon say such words itself.
 */
export function withoutApprovalWords(text: string): string {
  if (!text.includes(' on the page of this gateway under /inbox, ')) return text;
  const pieces: string[][] = [[]];
  for (const line of text.split('\n')) {
    if (WORDS.test(line)) pieces.push([]);
    else pieces.at(-1)?.push(line);
  }
  if (pieces.length === 1) return text;
  const last = pieces.length - 1;
  const said = pieces.map((lines, i) => trimmed(lines, { start: i > 0, end: i < last }).join('\n'));
  return said.filter((piece) => piece !== '').join('\n\n');
}

function trimmed(lines: readonly string[], { start, end }: { start: boolean; end: boolean }): readonly string[] {
  const isSaid = (line: string): boolean => line.trim() !== '';
  const from = start ? lines.findIndex(isSaid) : 0;
  if (from === -1) return [];
  return lines.slice(from, end ? lines.findLastIndex(isSaid) + 1 : lines.length);
}
