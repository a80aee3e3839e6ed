import type { JsonObject } from '#libs/contract';
import { askContent, noteAsks } from '../../../apps/messenger/src/answers/asks.js';
import { answerTask } from '../../support/chats/chat-opening.js';
import { parkedRun } from '../../support/chats/parked-run.js';

const choose = (count: number): JsonObject => ({
  type: 'object',
  properties: { x: { type: 'string', enum: Array.from({ length: count }, (_, i) => `choice ${i}`) } },
});
const asked = (message: string, schema: JsonObject) => {
  const task = answerTask();
  noteAsks(task, parkedRun({ message, schema }), { replies: true });
  const [ask] = task.asks;
  if (!ask) throw new Error('nothing is asked');
  return ask;
};

test('choices that have no button are named in the question', () => {
  expect(askContent(asked('Which?', choose(20))).text).toBe('Which?');
  const { text, buttons } = askContent(asked('Which?', choose(22)));
  expect(text).toBe(
    'Which?\n\n2 more choices have no button: choice 20, choice 21\n\nReply to this message with your answer.',
  );
  expect(buttons).toHaveLength(21);
});
