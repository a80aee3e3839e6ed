import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startStack, type Stack } from '../support/stack.js';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../examples');

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ scheduler: true });
});
afterAll(() => stack.stop());

/** Runs an example as a user would, against the demo model. */
async function example(command: string, file: string): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', TALARIA_URL: `${stack.apis[0]?.url}/v1` };
  const { stdout } = await run(command, [join(examples, file)], { env, timeout: 30_000 });
  return stdout;
}

test('openai-sdk.mjs streams an answer and its usage', async () => {
  expect(await example('node', 'openai-sdk.mjs')).toMatch(/current_time answered[\s\S]*\(\d+ tokens\)/);
});

test('client-tools.mjs makes the round trip through a function of the caller', async () => {
  const output = await example('node', 'client-tools.mjs');
  expect(output).toContain('finish_reason: tool_calls');
  expect(output).toMatch(/the model calls get_weather\(\{.*\}\)/);
  expect(output).toContain('Sunny, 3 degrees.');
});

test('resume.mjs leaves, comes back and has lost nothing', async () => {
  expect(await example('node', 'resume.mjs')).toContain('nothing lost, nothing doubled');
});

test('responses.mjs chains two responses and reads the second again', async () => {
  const output = await example('node', 'responses.mjs');
  expect(output).toMatch(/^resp_[0-9a-f]{32} completed\n/);
  expect(output).toMatch(/kept behind resp_[0-9a-f]{32}/);
});

test('jobs.mjs runs a job by hand and shows what came of it', async () => {
  const output = await example('node', 'jobs.mjs');
  expect(output).toMatch(/run_[0-9a-f]{32} completed \S/);
});

test('chat.sh works as printed', async () => {
  const output = await example('sh', 'chat.sh');
  expect(output).toContain('"object":"chat.completion"');
  expect(output).toContain('data: [DONE]');
});
