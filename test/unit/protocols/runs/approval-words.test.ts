import type { EventOf } from '#libs/contract';
import { approvalWords, withoutApprovalWords } from '../../../../libs/protocols/src/runs/approval-words.js';
import { decodeChat } from '../../../support/chat-request.js';

const event = (more: object = {}): EventOf<'approval.requested'> =>
  ({
    type: 'approval.requested',
    seq: 5,
    at: 1_000,
    step: 1,
    approvalId: 'apr_1',
    callId: 'call_1',
    name: 'terminal',
    arguments: '{"command":"ls -l"}',
    expiresAt: 1_800_000_000_000,
    ...more,
  }) as unknown as EventOf<'approval.requested'>;
const questions = { questions: [{ question: 'Which?', options: [] }] };
const RUN = 'run_00000000000000000000000000000001';

test.each([
  ['a call', {}],
  ['a call without a preview', { arguments: '{}' }],
  ['a call of several lines and backticks', { arguments: JSON.stringify({ command: 'echo `date`\nls\r\n\u2028ls' }) }],
  ['a question', { ask: questions }],
])('the words about %s are one line, and come off again', (_name, more) => {
  const words = approvalWords(event(more), RUN);
  expect(words.trim().split('\n')).toHaveLength(1);
  expect(withoutApprovalWords(words)).toBe('');
  expect(withoutApprovalWords(`I look.${words}`)).toBe('I look.');
  expect(withoutApprovalWords(`I look.${words}\n\nDone.`)).toBe('I look.\n\nDone.');
  expect(withoutApprovalWords(`  I look.${words}Then.${words}${words}Done.\n`)).toBe('  I look.\n\nThen.\n\nDone.\n');
  expect(withoutApprovalWords(words.trim())).toBe('');
});

test('everything else stays as it is', () => {
  const [words] = [approvalWords(event(), RUN).trim()];
  for (const text of [
    '',
    '\n\nA\n\n\nB\n',
    '> `terminal` waits for your approval.',
    `Read: ${words}`,
    `${words} Why?`,
  ]) {
    expect(withoutApprovalWords(text)).toBe(text);
  }
});

test('the history of a client loses them in messages of the assistant alone', () => {
  const said = `I look.${approvalWords(event(), RUN)}Done.`;
  const { messages } = decodeChat({
    messages: [
      { role: 'user', content: said },
      { role: 'assistant', content: said },
      { role: 'user', content: 'Go on' },
      { role: 'assistant', content: [{ type: 'text', text: said }] },
      { role: 'user', content: 'Go on' },
    ],
  });
  expect(messages).toMatchObject([
    { content: said },
    { text: 'I look.\n\nDone.' },
    { content: 'Go on' },
    { text: 'I look.\n\nDone.' },
    { content: 'Go on' },
  ]);
});
