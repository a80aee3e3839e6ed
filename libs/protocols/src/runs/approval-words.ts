import type { EventOf, Message, RunSnapshot, ToolCallItem } from '#libs/contract';
import { approvalFacts, type ApprovalFacts } from './approval-object.js';

/**
 * How a person learns what is asked and how to answer, in a client that shows the text of the answer alone. It is one
 * line of a fixed shape, so that `withoutApprovalWords` finds it again.
 */
export function approvalWords(event: EventOf<'approval.requested'>, runId: string): string {
  const { what, until } = factsOf(event);
  const asks = event.ask ? 'wants to ask you something' : 'waits for your approval';
  const how = event.ask ? 'Answer' : 'Allow or deny it';
  return (
    `\n\n> ${what} ${asks}. ${how} on the page of this gateway under /inbox, or with ` +
    `\`POST /v1/runs/${runId}/approval\` and \`{"choice": "once"}\` or \`{"choice": "deny"}\`. ` +
    `Without an answer it is not made at ${until} UTC.\n\n`
  );
}

function factsOf(facts: ApprovalFacts): { readonly what: string; readonly until: string } {
  const { tool, preview, expires_at } = approvalFacts(facts);
  return {
    what: preview === null ? `\`${tool}\`` : `\`${tool}\`: ${preview.replaceAll('`', "'")}`,
    until: new Date(expires_at * 1_000).toISOString().slice(11, 16),
  };
}

/** The same in an answer that came whole, when nobody has answered in time: what waits next time can be allowed. */
function timedOutWords({ callId, name, arguments: text, approval }: ToolCallItem, runId: string): string {
  const { approvalId = '', expiresAt = 0, ask } = approval ?? {};
  const facts = { approvalId, callId, name, arguments: text, expiresAt, ...(ask && { ask }) };
  const { what, until } = factsOf(facts);
  const asked = ask ? 'wanted to ask you something' : 'waited for your approval';
  return (
    `\n\n> ${what} ${asked} until ${until} UTC, and was not made. Ask again, and answer while it waits: ` +
    `on the page of this gateway under /inbox, or with \`POST /v1/runs/<run>/approval\` (this was \`${runId}\`).`
  );
}

/**
 * The run with words about calls that were not made because nobody answered in time, in the text of its answer: for an
 * answer that comes whole, to a client that shows text alone. The words are in no answer that is kept.
 */
export function withTimedOut(snapshot: RunSnapshot): RunSnapshot {
  const { items, echo, runId } = snapshot;
  if (echo['saysApprovals'] !== true) return snapshot;
  const late = items.flatMap((item) => (item.type === 'tool_call' && item.approval?.by === 'timeout' ? [item] : []));
  if (late.length === 0) return snapshot;
  const words = late.map((call) => timedOutWords(call, runId)).join('');
  const at = items.findLastIndex((item) => item.type === 'text' && item.compaction === undefined && item.text !== '');
  const said = items[at];
  if (said?.type === 'text') return { ...snapshot, items: items.with(at, { ...said, text: said.text + words }) };
  const step = items.at(-1)?.step ?? 1;
  return { ...snapshot, items: [...items, { type: 'text', step, status: 'completed', text: words.trim() }] };
}

const WORDS = new RegExp(
  '^> `[^`]+`(: .*)? ((wants to ask you something|waits for your approval)\\. (Answer|Allow or deny it) on the page of ' +
    'this gateway under /inbox, or with `POST /v1/runs/[^`]+/approval` and `\\{"choice": "once"\\}` or ' +
    '`\\{"choice": "deny"\\}`\\. Without an answer it is not made at \\d\\d:\\d\\d UTC\\.|' +
    '(wanted to ask you something|waited for your approval) until \\d\\d:\\d\\d UTC, and was not made\\. Ask again, ' +
    'and answer while it waits: on the page of this gateway under /inbox, or with `POST /v1/runs/<run>/approval` ' +
    '\\(this was `run_[0-9a-f]+`\\)\\.)\\s*$',
);

/** A client's history as the model said it: without the words of the gateway, and without messages of these alone. */
export function asSaidByModel(messages: readonly Message[]): Message[] {
  return messages.flatMap((message): Message[] => {
    if (message.role !== 'assistant') return [message];
    const text = withoutApprovalWords(message.text);
    if (text === message.text) return [message];
    const { role: _, text: __, toolCalls, ...more } = message;
    return text === '' && toolCalls.length === 0 && Object.keys(more).length === 0 ? [] : [{ ...message, text }];
  });
}

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
