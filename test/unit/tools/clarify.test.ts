import type { JsonObject, ToolResult, ToolResume } from '#libs/contract';
import { clarify } from '../../../libs/tools/src/clarify/clarify.js';
import { use } from '../../support/tool-lab.js';

const ask = (args: JsonObject, resume?: ToolResume): Promise<ToolResult> =>
  use(clarify(), args, resume ? { resume } : {});

test.each<[args: JsonObject, answer: JsonObject]>([
  [{ question: 'Which?' }, { type: 'string', minLength: 1 }],
  [
    { question: 'Which?', choices: ['a', 'b'] },
    { type: 'string', minLength: 1, examples: ['a', 'b'] },
  ],
  [
    { question: 'Which?', choices: ['a', 'b'], free_text: false },
    { type: 'string', minLength: 1, enum: ['a', 'b'] },
  ],
])('%j is asked', async (args, answer) => {
  const schema = { type: 'object', properties: { answer }, required: ['answer'] };
  expect((await ask(args)).asks).toEqual({ questions: [{ id: 'answer', message: 'Which?', schema }], state: {} });
});

test('the model says how long the question may wait', async () => {
  expect((await ask({ question: 'Which?', timeout_seconds: 60 })).asks).toMatchObject({ secondsMax: 60 });
});

test.each<[resume: ToolResume, text: string]>([
  [{ state: {}, by: 'user', answers: { answer: { answer: 'blue' } } }, 'blue'],
  [{ state: {}, by: 'user' }, 'did not want to answer'],
  [{ state: {}, by: 'timeout' }, 'did not answer in time'],
])('%j is told', async (resume, text) => {
  const result = await ask({ question: 'Which?' }, resume);
  expect(result.asks).toBeUndefined();
  expect(result.output).toContain(text);
});

test.each<[args: JsonObject, name: string]>([
  [{}, 'question'],
  [{ question: ' ' }, 'question'],
  [{ question: 'x'.repeat(4_001) }, 'question'],
  [{ question: 'x', choices: 'a' }, 'choices'],
  [{ question: 'x', choices: [''] }, 'choices'],
  [{ question: 'x', free_text: 'no' }, 'free_text'],
  [{ question: 'x', timeout_seconds: 0.5 }, 'timeout_seconds'],
])('%j is refused', async (args, name) => {
  expect(await ask(args)).toEqual({ output: expect.stringContaining(name), isError: true });
});
