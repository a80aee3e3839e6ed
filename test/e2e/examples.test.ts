import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startHttpServer } from '../support/http-server.js';
import { freePort } from '../support/ports.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../examples');

const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

let stack: Stack;
beforeAll(async () => {
  const env = { WEBHOOK_SECRET, WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' };
  stack = await startStack({ scheduler: true, env });
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

test('webhook.mjs takes the signed result of a job, passes it on once, and refuses what nobody signed', async () => {
  const relayed: string[] = [];
  const chat = await startHttpServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      relayed.push(text);
      // The chat is away for a moment: the result comes again.
      response.writeHead(relayed.length === 1 ? 503 : 200).end();
    });
  });
  const port = await freePort();
  const receiver = spawn('node', [join(examples, 'webhook.mjs')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      WEBHOOK_SECRET,
      PORT: `${port}`,
      RELAY_URL: `http://127.0.0.1:${chat.port}/`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let said = '';
    receiver.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('listening'), { what: 'the receiver' });
    const hook = `http://127.0.0.1:${port}/hooks`;
    const forged = {
      method: 'POST',
      body: '{"data":{}}',
      headers: { 'webhook-id': 'msg_1', 'webhook-signature': 'v1,AAAA' },
    };
    expect((await fetch(hook, forged)).status).toBe(401);
    const jobs = `${stack.apis[0]?.url}/api/jobs`;
    const headers = { 'content-type': 'application/json' };
    const job = { name: 'report', prompt: 'Say hello.', schedule: 'daily at 9:00', deliver: `webhook:${hook}` };
    const made = await fetch(jobs, { method: 'POST', headers, body: JSON.stringify(job) });
    const { id } = ((await made.json()) as { job: { id: string } }).job;
    expect((await fetch(`${jobs}/${id}/run`, { method: 'POST' })).status).toBe(200);
    await until(() => relayed.length === 2, { what: 'the result, a second time', ms: 60_000 });
    expect(JSON.parse(relayed[1] ?? '')).toEqual({ text: expect.stringMatching(/^report: completed\n\S/) });
  } finally {
    receiver.kill('SIGKILL');
    await chat.close();
  }
});
