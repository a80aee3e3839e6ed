import OpenAI from 'openai';
import { startApiLab, type ApiLab } from '../../../support/api-lab.js';
import { readResponses } from '../../../support/responses-grammar.js';
import { stepCompleted, stepStarted } from '../../../support/scripted-worker.js';
import { until } from '../../../support/until.js';

let lab: ApiLab;
beforeAll(async () => {
  lab = await startApiLab(1, { SSE_KEEPALIVE_MS: '100' });
});
afterAll(() => lab?.close());

const BEAT = /^event: keepalive\ndata: \{"type":"keepalive"\}$/gm;
const COMMENT = /^: keepalive$/gm;
const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0;

/** A stream with silence behind its first events, then its end. */
async function silentStream(path: string, body: object, sign: RegExp): Promise<string> {
  const known = await lab.runs();
  const answer = await lab.ask(path, { method: 'POST', body: { model: 'talaria', stream: true, ...body } });
  const worker = await lab.work(await lab.newRun(known));
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
  await until(async () => count(answer.text(), sign) >= 2);
  await worker.say({ type: 'text.delta', step: 1, text: 'late' }, stepCompleted, {
    type: 'run.completed',
    finishReason: 'stop',
  });
  return answer.whole;
}

const bodyOf = (text: string): typeof fetch =>
  (async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } })) as typeof fetch;

test('Responses: agents count events as life, so silence is filled with the one event that every helper takes', async () => {
  const text = await silentStream('/v1/responses', { input: 'Hello' }, BEAT);
  expect(count(text, COMMENT)).toBe(0);
  expect(readResponses(text).end).toBe('response.completed');
  const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: bodyOf(text) });
  const final = await client.responses.stream({ model: 'm', input: 'Hello' }).finalResponse();
  expect(final.output_text).toBe('late');
});

test('a stream of events that is taken up again has the same signs of life', async () => {
  const known = await lab.runs();
  const body = { model: 'talaria', input: 'Hello', background: true };
  const { whole } = await lab.ask('/v1/responses', { method: 'POST', body });
  const { id } = JSON.parse(await whole) as { id: string };
  const worker = await lab.work(await lab.newRun(known));
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
  const answer = await lab.ask(`/v1/responses/${id}?stream=true`);
  await until(async () => count(answer.text(), BEAT) >= 1);
  answer.leave();
});

test('Chat Completions: comments, because its clients take every event for a chunk', async () => {
  const messages = [{ role: 'user', content: 'Hello' }];
  const text = await silentStream('/v1/chat/completions', { messages }, COMMENT);
  expect(text).not.toContain('event: keepalive');
});
