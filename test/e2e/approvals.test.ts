import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { soon } from '../support/hang.js';
import { readLogAt } from '../support/read-log.js';
import { runsClient, type RunsClient, type RunView } from '../support/runs-client.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';
import { withSlack } from '../support/slack.js';

/** Approvals, steering and stopping on real processes: two replicas of the API, two workers. */
const RULES = 'approvals: { rules: [{ tool: "current_*", policy: always }] }';
let upstream: FakeUpstream;
let stack: Stack;
let runs: RunsClient;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = {
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    MODELS_UNKNOWN: 'passthrough',
    TOOLS: 'current_time',
  };
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env, settings: RULES });
  runs = runsClient(stack);
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

const waiting = (runId: string): Promise<RunView> => runs.reach(runId, 'waiting_for_approval');
const requestOf = (run: RunView): string => run.approval?.request_id ?? '';
const ask = (fields: object = {}): Promise<string> =>
  runs.start({ model: 'tools', input: 'What time is it?', ...fields });

/** What the model was last told by its tool. */
function lastToolResult(): string {
  const messages = upstream.requests.at(-1)?.body['messages'] as { role: string; content: string }[];
  return messages.findLast((message) => message.role === 'tool')?.content ?? '';
}

test('a call waits for its approval, which any replica takes, and the run goes on where it was', async () => {
  const runId = await ask({ metadata: { ticket: '7' } });
  const parked = await waiting(runId);
  // An answer that comes before the worker has let the run go is taken, too, but without the parking.
  await until(async () => (await readLogAt(stack.redis.url, runId)).some(({ type }) => type === 'run.parked'));
  expect(parked.approval).toMatchObject({
    tool: 'current_time',
    arguments: '{}',
    choices: ['once', 'session', 'always', 'deny'],
  });
  const inMinutes = ((parked.approval?.expires_at ?? 0) - Date.now() / 1_000) / 60;
  expect(inMinutes).toBeGreaterThan(13);
  expect(inMinutes).toBeLessThan(15.1);
  const answered = await runs.approve(runId, { choice: 'once', request_id: requestOf(parked) }, 1);
  expect(answered).toMatchObject({ status: 200, body: { choice: 'once', resolved: 1, replayed: false } });
  const done = await runs.reach(runId, 'completed');
  expect(done.output).toContain('word0');
  expect(done.approval).toBeNull();
  expect(JSON.parse(lastToolResult())).toHaveProperty('weekday');
  // The step before the parking counts, too.
  const calls = upstream.requests.length;
  expect(calls).toBe(2);
  expect(done.usage.input_tokens).toBeGreaterThan(0);
  const events = await runs.events(runId, 0);
  const steps = events.filter(({ event }) => event === 'step.completed').map(({ usage }) => usage as RunView['usage']);
  expect(steps).toHaveLength(2);
  expect(steps.every((usage) => usage.input_tokens > 0)).toBe(true);
  expect(done.usage.input_tokens).toBe(steps.reduce((sum, usage) => sum + usage.input_tokens, 0));
  const named = events.map(({ event }) => event).filter((name) => /approval|parked|tool/.test(String(name)));
  expect(named).toEqual(['approval.request', 'run.parked', 'approval.responded', 'tool.started', 'tool.completed']);
  expect(events.map(({ seq }) => seq)).toEqual([...new Set(events.map(({ seq }) => seq))]);
  expect(events.find(({ event }) => event === 'approval.responded')).toMatchObject({ choice: 'once', by: 'user' });
});

test('a request that is named is the one that is meant, the first answer counts, and saying it twice is no error', async () => {
  const runId = await ask();
  const id = requestOf(await waiting(runId));
  const wrong: [object, number, string][] = [
    [{ choice: 'once', request_id: 7 }, 400, 'invalid_request'],
    [{ choice: 'once', all: 'false' }, 400, 'invalid_request'],
    [{ choice: 'maybe', request_id: id }, 400, 'invalid_approval_choice'],
    [{ choice: 'once', request_id: 'apr_stale' }, 409, 'approval_not_pending'],
  ];
  for (const [body, status, code] of wrong) {
    expect(await runs.approve(runId, body)).toMatchObject({ status, body: { error: { code } } });
  }
  const deny = { choice: 'deny', request_id: id };
  const answers = await Promise.all([0, 1, 0, 1].map((replica) => runs.approve(runId, deny, replica)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(answers.filter(({ body }) => body['replayed'] === false)).toHaveLength(1);
  await runs.reach(runId, 'completed');
  expect(lastToolResult()).toMatch(/user denied this call/);
  expect(await runs.approve(runId, deny)).toMatchObject({ status: 200, body: { replayed: true } });
  const other = await runs.approve(runId, { choice: 'once', request_id: id });
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'approval_not_pending' } } });
  expect(other.headers.get('x-should-retry')).toBe('false');
  expect((await runs.approve('run_00000000000000000000000000000000', deny)).status).toBe(404);
});

test('what is allowed for a session counts there only, what is allowed for ever until it is taken back', async () => {
  const first = await ask({ session_id: 'lima' });
  await runs.approve(first, { choice: 'session', request_id: requestOf(await waiting(first)) });
  await runs.reach(first, 'completed');
  const same = await runs.reach(await ask({ session_id: 'lima' }), 'completed');
  expect(same.items.find(({ type }) => type === 'tool_call')).toMatchObject({
    approval: { choice: 'session', by: 'policy' },
  });
  const elsewhere = await ask({ session_id: 'quito' });
  await runs.approve(elsewhere, { choice: 'always', all: true }, 0).then(() => undefined);
  await waiting(elsewhere);
  await runs.approve(elsewhere, { choice: 'always', all: true }, 0);
  await runs.reach(elsewhere, 'completed');
  await runs.reach(await ask(), 'completed');
  expect((await runs.get('/v1/approvals')).body['data']).toEqual([{ object: 'approval', scope: 'current_time' }]);
  const taken = await fetch(`${stack.apis[1]?.url}/v1/approvals/current_time`, { method: 'DELETE' });
  expect(taken.status).toBe(200);
  const again = await ask();
  await waiting(again);
  await runs.post(`/v1/runs/${again}/stop`, {});
});

test('a parked run is stopped from any replica at once; what it used and what it was told is kept', async () => {
  const runId = await ask();
  await waiting(runId);
  expect((await runs.post(`/v1/runs/${runId}/steer`, { text: 'In Lima, please.' })).status).toBe(200);
  const stops = await soon(Promise.all([1, 0, 1].map((replica) => runs.post(`/v1/runs/${runId}/stop`, {}, replica))));
  expect(stops.map(({ body }) => body['status'])).toEqual(['cancelled', 'cancelled', 'cancelled']);
  const view = await runs.view(runId);
  expect(view).toMatchObject({ status: 'cancelled', pending_steer: 'In Lima, please.', approval: null });
  expect(view.usage.input_tokens).toBeGreaterThan(0);
  expect(await runs.post(`/v1/runs/${runId}/steer`, { text: 'Too late.' })).toMatchObject({
    status: 409,
    body: { error: { code: 'run_not_accepting_steer' } },
  });
  expect((await runs.post(`/v1/runs/${runId}/steer`, { text: ' ' })).body).toMatchObject({
    error: { code: 'invalid_steer_input' },
  });
});

test('a steering text reaches the model at the next step', async () => {
  const runId = await ask();
  const parked = await waiting(runId);
  await runs.post(`/v1/runs/${runId}/steer`, { text: 'In Lima, please.' }, 1);
  await runs.approve(runId, { choice: 'once', request_id: requestOf(parked) });
  // The model of this test answers the last message, which is the user's now, with another call.
  const second = await until(async () => {
    const view = await runs.view(runId);
    return view.approval && view.approval.request_id !== requestOf(parked) ? view : undefined;
  });
  const messages = upstream.requests.at(-1)?.body['messages'] as { role: string; content: string }[];
  expect(messages.slice(-2).map(({ role }) => role)).toEqual(['tool', 'user']);
  expect(messages.at(-1)?.content).toBe('In Lima, please.');
  await runs.approve(runId, { choice: 'once', request_id: requestOf(second) });
  await runs.reach(runId, 'completed');
  const events = await runs.events(runId);
  expect(events.filter(({ event }) => event === 'run.steered')).toMatchObject([{ text: 'In Lima, please.' }]);
  expect(events.at(-1)).not.toHaveProperty('pending_steer');
});

test('ten listeners that join at random each see every event once', async () => {
  const runId = await runs.start({ model: 'tools:n=80,gap=25', input: 'Go.' });
  const listeners = Array.from({ length: 10 }, async (_, i) => {
    await sleep(i * 180);
    return runs.events(runId, i % 2);
  });
  await runs.approve(runId, { choice: 'once', request_id: requestOf(await waiting(runId)) });
  const seen = await Promise.all(listeners);
  const seqs = seen[0]?.map(({ seq }) => Number(seq)) ?? [];
  expect(seqs.length).toBeGreaterThan(40);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  expect(seen[0]?.at(-1)).toMatchObject({ event: 'run.completed' });
  for (const events of seen) expect(events).toEqual(seen[0]);
});

test('a running run is stopped from the replica that did not start it, and its upstream is let go', async () => {
  const runId = await runs.start({ model: 'ok:n=500,gap=50', input: 'Go.' }, 0);
  await until(async () => (await runs.view(runId)).output.includes('word3'));
  const request = upstream.requests.at(-1);
  const stopped = await runs.post(`/v1/runs/${runId}/stop`, {}, 1);
  expect(stopped.body).toMatchObject({ run_id: runId, status: 'cancelled' });
  await until(() => request?.aborted !== undefined, { ms: 1_000, what: 'the upstream socket to close' });
  const view = await runs.view(runId);
  expect(view.output).toContain('word3');
  expect((await runs.post(`/v1/runs/${runId}/stop`, {}, 0)).body['status']).toBe('cancelled');
});

test('chat clients see the request beside the answer and are answered by the same run', async () => {
  const response = await fetch(`${stack.apis[0]?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tools', stream: true, messages: [{ role: 'user', content: 'What time is it?' }] }),
  });
  const runId = response.headers.get('x-run-id') ?? '';
  const text = response.text();
  await runs.approve(runId, { choice: 'once', request_id: requestOf(await waiting(runId)) });
  const stream = await text;
  const progress = [...stream.matchAll(/^event: hermes\.tool\.progress\ndata: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data ?? '') as { status: string; request_id?: string },
  );
  expect(progress.map(({ status }) => status)).toEqual(['waiting_for_approval', 'approved', 'running', 'completed']);
  expect(progress[0]?.request_id).toMatch(/^apr_/);
  expect(stream).toContain('"finish_reason":"stop"');
});

test('an unanswered request counts as denied when its time is over', async () => {
  // Long enough for a busy machine to show the waiting run before its time is over.
  const timeoutMs = withSlack(2_000);
  for (const worker of stack.workers) await worker.kill('SIGTERM');
  await stack.start('worker', { APPROVAL_TIMEOUT_SECONDS: String(timeoutMs / 1_000) });
  const began = Date.now();
  const runId = await ask();
  const id = requestOf(await waiting(runId));
  await runs.reach(runId, 'completed', 15_000);
  expect(Date.now() - began).toBeGreaterThan(timeoutMs - 100);
  expect(lastToolResult()).toMatch(/Nobody allowed this call in time/);
  const events = await runs.events(runId);
  expect(events.find(({ event }) => event === 'approval.responded')).toMatchObject({ choice: 'deny', by: 'timeout' });
  expect((await runs.approve(runId, { choice: 'once', request_id: id })).status).toBe(409);
});
