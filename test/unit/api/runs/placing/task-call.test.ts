import type { RunDraft } from '#libs/contract';
import { isTaskCall } from '../../../../../apps/api/src/runs/placing/task-call.js';

const draft = (text: string, more: Partial<RunDraft> = {}): RunDraft => ({
  protocol: 'openai-chat',
  model: null,
  messages: [{ role: 'user', content: text }],
  tools: [],
  toolChoice: { kind: 'auto' },
  sampling: {},
  onDisconnect: 'cancel',
  stream: false,
  echo: {},
  ...more,
});

test.each([
  '### Task:\nGenerate a concise, 3-5 word title with an emoji.\n### Chat History:\n...',
  '### Task:\nSuggest 3-5 relevant follow-up questions',
  'Please generate a concise, 5-word-or-less title for the conversation, using its same language.',
  'Provide a concise, 5-word-or-less title for the conversation',
])('a call of a chat page for itself: %s', (text) => {
  expect(isTaskCall(draft(text))).toBe(true);
});

test.each([
  'What is the title of the second Dune book?',
  'Task: find the bug',
  'Generate a picture of a cat',
  'Can you generate a title for my essay?',
])('a turn of a conversation: %s', (text) => {
  expect(isTaskCall(draft(text))).toBe(false);
});

test('the system text may say it, and a second message or a tool makes it a conversation', () => {
  const asked = draft('User: hi', { instructions: 'You are a helper that makes a title for a chat.' });
  expect(isTaskCall(asked)).toBe(true);
  const title = draft('### Task:\nGenerate tags');
  expect(isTaskCall({ ...title, messages: [...title.messages, { role: 'user', content: 'and again' }] })).toBe(false);
  const tool = { name: 'f', parameters: {} };
  expect(isTaskCall({ ...title, tools: [tool] as unknown as RunDraft['tools'] })).toBe(false);
});
