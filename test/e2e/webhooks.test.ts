import { spawn, type ChildProcess } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { freePort } from '../support/ports.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { projectRoot } from '../support/project-root.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Webhooks on the real services: kill -9 of whoever delivers, a receiver that is down, signatures. */
interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly path: string;
}

const ALICE = 'alice-key-0123456789';
const BOB = 'bob-key-0123456789abc';
let upstream: FakeUpstream;
let postgres: TestPostgres;
let stack: Stack;
let receiver: TestHttpServer;
let received: Received[] = [];
/** What the receiver does with the next requests; absent: 200 at once. */
let answers: (number | 'silent')[] = [];
let schedulers: Service[];

beforeAll(async () => {
  receiver = await startHttpServer((request, response) => {
    void readText(request).then((body) => {
      received.push({ headers: request.headers as Record<string, string>, body, path: String(request.url) });
      const answer = answers.shift() ?? 200;
      if (answer !== 'silent') response.writeHead(answer).end();
    });
  });
  [upstream, postgres] = await Promise.all([startFakeUpstream(), startPostgres()]);
  const env = {
    DATABASE_URL: await postgres.createDatabase(),
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 9).toString('base64')}`,
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    API_KEYS: `alice:${ALICE},bob:${BOB}`,
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    MODELS_UNKNOWN: 'passthrough',
    TOOLS: 'current_time',
  };
  const settings = 'approvals: { rules: [{ tool: "current_time", policy: always }] }';
  stack = await startStack({ apis: 1, workers: 1, scheduler: true, env, settings });
  schedulers = stack.scheduler ? [stack.scheduler] : [];
});
afterAll(async () => {
  await stack?.stop();
  await postgres?.stop();
  await upstream?.stop();
  await receiver?.close();
});
// A webhook that a failed test has left would take the answers that are meant for others.
beforeEach(async () => {
  for (const { id } of (await call('GET', '/v1/webhooks?limit=100')).body['data'] as { id: string }[]) {
    await call('DELETE', `/v1/webhooks/${id}`);
  }
  [received, answers] = [[], []];
});

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

type Body = Record<string, unknown>;
async function call(
  method: string,
  path: string,
  body?: object,
  key = ALICE,
): Promise<{ readonly status: number; readonly body: Body }> {
  const answer = await fetch(`${stack.apis[0]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}

async function hook(path: string, events?: readonly string[], key = ALICE): Promise<{ id: string; secret: string }> {
  const url = `http://127.0.0.1:${receiver.port}/${path}`;
  const { status, body } = await call('POST', '/v1/webhooks', { url, ...(events && { events }) }, key);
  expect([status, body]).toMatchObject([201, { object: 'webhook', status: 'active', url }]);
  return { id: String(body['id']), secret: String(body['secret']) };
}
const run = async (model = 'ok:n=2'): Promise<string> =>
  String((await call('POST', '/v1/runs', { model, input: 'Go.' })).body['run_id']);
const at = (path: string): Received[] => received.filter((one) => one.path === `/${path}`);
const typeOf = ({ body }: Received): string => String((JSON.parse(body) as Body)['type']);
const log = async (id: string): Promise<Body[]> =>
  (await call('GET', `/v1/webhooks/${id}/deliveries`)).body['data'] as Body[];
const verified = ({ body, headers }: Received, secret: string): Body =>
  new Webhook(secret).verify(body, headers) as Body;

test('the end of a run is told once to each webhook that wants it, signed, without what was said', async () => {
  const all = await hook('all');
  const ends = await hook('ends', ['run.completed']);
  const theirs = await hook('theirs', undefined, BOB);
  const runId = await run();
  await until(async () => at('all').length >= 1 && at('ends').length >= 1);
  const [told] = at('all');
  const event = verified(told as Received, all.secret);
  expect(event).toMatchObject({
    object: 'event',
    type: 'run.completed',
    data: { run_id: runId, status: 'completed', protocol: 'runs', error: null },
  });
  expect(told?.body).not.toContain('word0');
  expect(() => verified(told as Received, ends.secret)).toThrow();
  await until(async () => (await log(all.id))[0]?.['status'] === 'delivered');
  expect(await log(all.id)).toMatchObject([
    { run_id: runId, event: 'run.completed', attempts: 1, last_status_code: 200, payload: { type: 'run.completed' } },
  ]);
  expect(at('theirs')).toEqual([]);
  for (const { id } of [all, ends]) expect((await call('DELETE', `/v1/webhooks/${id}`)).status).toBe(200);
  expect((await call('DELETE', `/v1/webhooks/${theirs.id}`)).status).toBe(404);
  expect((await call('DELETE', `/v1/webhooks/${theirs.id}`, undefined, BOB)).status).toBe(200);
});

test('responses are told in the form of OpenAI, and requests for approval as they open', async () => {
  const { id, secret } = await hook('both');
  const { body: response } = await call('POST', '/v1/responses', { model: 'ok:n=2', input: 'Go.' });
  await until(async () => at('both').length >= 2);
  const told = at('both').map((one) => verified(one, secret));
  expect(told.map(({ type }) => type).sort()).toEqual(['response.completed', 'run.completed']);
  expect(told.find(({ type }) => type === 'response.completed')?.['data']).toMatchObject({ id: response['id'] });
  const runId = await run('tools');
  await until(async () => at('both').some((one) => typeOf(one) === 'run.waiting_for_approval'));
  const waiting = at('both').find((one) => typeOf(one) === 'run.waiting_for_approval') as Received;
  const { approval } = verified(waiting, secret)['data'] as { approval: { request_id: string } };
  expect(verified(waiting, secret)['data']).toMatchObject({ run_id: runId, approval: { tool: 'current_time' } });
  await call('POST', `/v1/runs/${runId}/approval`, { choice: 'once', request_id: approval.request_id });
  await until(async () => at('both').length >= 4, { ms: 60_000 });
  expect(at('both').filter((one) => typeOf(one) === 'run.waiting_for_approval')).toHaveLength(1);
  await call('DELETE', `/v1/webhooks/${id}`);
});

test('a receiver that is down gets the event later, once, under the same id', async () => {
  const { id } = await hook('down');
  answers = [503];
  await run();
  await until(async () => at('down').length === 2, { ms: 60_000 });
  const [first, second] = at('down');
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  await until(async () => (await log(id))[0]?.['status'] === 'delivered');
  expect(await log(id)).toMatchObject([{ attempts: 2, last_status_code: 200, error: null }]);
  expect((await call('GET', `/v1/webhooks/${id}`)).body).toMatchObject({ failing_since: null });
  await call('DELETE', `/v1/webhooks/${id}`);
});

test('whoever is killed after the end, or while it delivers, the event has one delivery and arrives', async () => {
  const { id } = await hook('killed');
  // The scheduler dies while its request is under way; the worker and the API die right after the end.
  answers = ['silent'];
  const runId = await run();
  await until(async () => at('killed').length === 1);
  const services = [...stack.apis, ...stack.workers, ...schedulers, stack.store];
  await Promise.all(services.map((service) => service.kill('SIGKILL')));
  await stack.start('store');
  const port = new URL(stack.apis[0]?.url ?? '').port;
  await Promise.all([stack.start('api', { API_SERVER_PORT: port }), stack.start('worker')]);
  schedulers = [await stack.start('scheduler')];
  await until(async () => (await log(id))[0]?.['status'] === 'delivered', { ms: 150_000 });
  expect(await log(id)).toMatchObject([{ run_id: runId, event: 'run.completed' }]);
  expect(new Set(at('killed').map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  await call('DELETE', `/v1/webhooks/${id}`);
}, 200_000);

test('a rotated secret signs beside the former one; a test event says what came of it; 410 pauses', async () => {
  const { id, secret } = await hook('rotated', ['run.completed']);
  const { body: rotated } = await call('POST', `/v1/webhooks/${id}/rotate`, {});
  expect(rotated['secret']).not.toBe(secret);
  expect((await call('GET', `/v1/webhooks/${id}`)).body).not.toHaveProperty('secret');
  expect((await call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({ status: 'delivered', status_code: 200 });
  const [sample] = at('rotated');
  for (const one of [secret, String(rotated['secret'])]) {
    expect(verified(sample as Received, one)).toMatchObject({ type: 'webhook.test' });
  }
  const { body: again } = await call('POST', `/v1/webhooks/${id}/rotate`, { overlap_seconds: 0 });
  answers = [500];
  expect((await call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({ status: 'failed', status_code: 500 });
  expect(() => verified(at('rotated')[1] as Received, String(rotated['secret']))).toThrow();
  expect(verified(at('rotated')[1] as Received, String(again['secret']))).toMatchObject({ type: 'webhook.test' });
  answers = [410];
  await run();
  await until(async () => (await call('GET', `/v1/webhooks/${id}`)).body['status'] === 'paused');
  expect((await call('GET', `/v1/webhooks/${id}`)).body['paused_reason']).toContain('410');
  expect((await call('POST', `/v1/webhooks/${id}/resume`)).body).toMatchObject({ status: 'active', paused_at: null });
  await call('DELETE', `/v1/webhooks/${id}`);
});

test.each([
  [{}, 'url'],
  [{ url: 'ftp://x.example/' }, 'url'],
  [{ url: 'http://10.0.0.1/' }, 'url'],
  [{ url: 'https://u:p@x.example/' }, 'url'],
  [{ url: 'https://x.example/', events: [] }, 'events'],
  [{ url: 'https://x.example/', events: ['run.begun'] }, 'events[0]'],
  [{ url: 'https://x.example/', secret: 'mine' }, 'secret'],
])('what cannot be is refused with the name of the field: %j', async (body, param) => {
  expect(await call('POST', '/v1/webhooks', body)).toMatchObject({ status: 400, body: { error: { param } } });
});

test('lists page by the rule of all lists, and the number per key is bounded', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.unshift((await hook(`many${i}`)).id);
  const more = await call('POST', '/v1/webhooks', { url: `http://127.0.0.1:${receiver.port}/more` });
  expect(more).toMatchObject({ status: 409, body: { error: { code: 'webhook_limit_reached' } } });
  const seen: unknown[] = [];
  for (let after = ''; ;) {
    const { body } = await call('GET', `/v1/webhooks?limit=7${after}`);
    seen.push(...(body['data'] as Body[]).map((one) => one['id']));
    if (body['has_more'] !== true) break;
    after = `&after=${String(body['next'])}`;
  }
  expect(seen).toEqual(ids);
  const odd = await call('GET', '/v1/webhooks?after=odd');
  expect(odd).toMatchObject({ status: 400, body: { error: { code: 'invalid_cursor' } } });
  for (const id of ids) await call('DELETE', `/v1/webhooks/${id}`);
});

test('the example of the document takes events and refuses what is not signed', async () => {
  let program: ChildProcess | undefined;
  try {
    const port = await freePort();
    const { body } = await call('POST', '/v1/webhooks', { url: `http://127.0.0.1:${port}/` });
    let said = '';
    program = spawn(process.execPath, [join(projectRoot(), 'examples/webhook-events.mjs')], {
      env: { ...process.env, WEBHOOK_TARGET_SECRET: String(body['secret']), PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    program.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(async () => said.includes('listening'));
    const tested = await call('POST', `/v1/webhooks/${String(body['id'])}/test`);
    expect(tested.body).toMatchObject({ status: 'delivered', status_code: 204 });
    await until(async () => said.includes('webhook.test'));
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' })).status).toBe(401);
  } finally {
    program?.kill('SIGKILL');
  }
});
