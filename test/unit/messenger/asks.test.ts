import type { JsonObject } from '#libs/contract';
import { askContent, noteAsks } from '../../../apps/messenger/src/answers/asks.js';
import { answerTask } from '../../support/chats/chat-opening.js';
import { parkedRun } from '../../support/chats/parked-run.js';

const choose = (count: number): JsonObject => ({
  type: 'object',
  properties: { x: { type: 'string', enum: Array.from({ length: count }, (_, i) => `choice ${i}`) } },
});
const TERMS = { replies: true, textMax: 2_000 };
const asked = (message: string, schema: JsonObject, url?: string) => {
  const task = answerTask();
  noteAsks(task, parkedRun({ message, schema, ...(url !== undefined && { url }) }), TERMS);
  const [ask] = task.asks;
  if (!ask) throw new Error('nothing is asked');
  return ask;
};

test('choices that have no button are named in the question', () => {
  expect(askContent(asked('Which?', choose(20)), 2_000).text).toBe('Which?');
  const { text, buttons } = askContent(asked('Which?', choose(22)), 2_000);
  expect(text).toBe(
    'Which?\n\n2 more choices have no button: choice 20, choice 21\n\nReply to this message with your answer.',
  );
  expect(buttons).toHaveLength(21);
});

test('a long question is cut to what a message can have; how to answer it is not', () => {
  const ask = asked('ab'.repeat(3_000), { type: 'object', properties: {} }, 'https://a.example/x');
  const { text } = askContent(ask, TERMS.textMax);
  expect(text).toHaveLength(TERMS.textMax);
  expect(text).toMatch(/ \.\.\.\n\nhttps:\/\/a\.example\/x\n\nReply to this message with your answer\.$/);
  const over = askContent({ ...ask, over: 'Answered.' }, TERMS.textMax).text;
  expect(over.length).toBeLessThanOrEqual(TERMS.textMax);
  expect(over).toMatch(/Answered\.$/);
  expect(asked('x', {}, `https://a.example/${'x'.repeat(2_000)}`).question).toMatch(/The link is too long/);
});
