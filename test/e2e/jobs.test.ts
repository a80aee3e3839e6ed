import type { Job } from '#libs/contract';
import { webhookSecretOf } from '../../libs/delivery/src/webhook.js';
import { dueAt } from '#libs/jobs';
import { storeClient } from '#libs/store-client';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { jobOf } from '../support/job.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Cron jobs on the real services: two schedulers, kill -9, a receiver of webhooks. */
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

let postgres: TestPostgres;
let stack: Stack;
/** Those that no test has killed. */
let schedulers: Service[];
let receiver: TestHttpServer;
let received: Received[];
let answers: number[];

beforeAll(async () => {
  receiver = await startHttpServer((request, response) => {
    void readText(request).then((body) => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  postgres = await startPostgres();
  const env = {
    DATABASE_URL: await postgres.createDatabase(),
    WEBHOOK_SECRET: SECRET,
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
    OPENAI_API_KEY: '',
    TOOLS: '',
  };
  stack = await startStack({ scheduler: true, env });
  schedulers = stack.scheduler ? [stack.scheduler] : [];
});
beforeEach(() => {
  received = [];
  answers = [];
});
afterAll(async () => {
  await stack?.stop();
  await postgres?.stop();
  await receiver?.close();
});

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

type Body = Record<string, unknown>;

async function ask(method: string, path: string, body?: object): Promise<Body> {
  const headers = { 'content-type': 'application/json' };
  const init = { method, ...(body && { body: JSON.stringify(body), headers }) };
  const answer = await fetch(`${stack.apis[0]?.url}/api/jobs${path}`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Body;
}

const make = async (fields: object): Promise<string> => ((await ask('POST', '', fields))['job'] as { id: string }).id;
const runsOf = async (id: string): Promise<Body[]> => (await ask('GET', `/${id}/runs?limit=100`))['runs'] as Body[];

/** A record that the API would not take: with seconds between its occurrences, or with one long ago. */
async function plant(fields: Partial<Job>): Promise<Job> {
  const job = jobOf({ owner: 'local', createdAt: Date.now(), prompt: 'Say hello.', ...fields });
  await storeClient({ url: stack.store.url, answerMsMax: 30_000 }).jobs.insert({
    job,
    dueAt: dueAt(job),
    jobsMax: 1_000,
  });
  return job;
}

test('a job that is run by hand is run at once, and its history tells how it went', async () => {
  const id = await make({ name: 'hello', schedule: '0 9 * * *', prompt: 'Say hello.' });
  await ask('POST', `/${id}/run`);
  const [run] = await until(async () => {
    const runs = await runsOf(id);
    return runs[0]?.['status'] === 'completed' ? runs : undefined;
  });
  expect(run).toMatchObject({ manual: true, attempt: 1, deliveries: [{ target: 'local', status: 'delivered' }] });
  expect(String(run?.['output'])).not.toBe('');
  const answer = await fetch(`${stack.apis[0]?.url}/v1/runs/${String(run?.['run_id'])}`);
  expect(await answer.json()).toMatchObject({ status: 'completed', protocol: 'jobs', output: run?.['output'] });
  expect((await ask('GET', `/${id}`))['job']).toMatchObject({ last_status: 'ok', last_run_id: run?.['run_id'] });
});

test('a result is delivered to a webhook, signed, and again under the same id when it was not taken', async () => {
  answers = [500, 204];
  const target = `webhook:http://127.0.0.1:${receiver.port}/hook`;
  const id = await make({ name: 'hooked', schedule: '0 9 * * *', prompt: 'Say hello.', deliver: target });
  await ask('POST', `/${id}/run`);
  await until(() => received.length === 2, { what: 'two deliveries', ms: 30_000 });
  const verifier = new Webhook(webhookSecretOf(SECRET, 'local'));
  for (const { headers, body } of received) {
    const event = verifier.verify(body, headers) as { type: string; data: Body };
    expect(event).toMatchObject({ type: 'job.run.completed', data: { job_id: id, status: 'completed', attempt: 1 } });
    expect(() => verifier.verify(body.replace('hooked', 'forged'), headers)).toThrow();
  }
  expect(received[0]?.headers['webhook-id']).toBe(received[1]?.headers['webhook-id']);
  const delivery = async (): Promise<unknown> => (await runsOf(id))[0]?.['deliveries'];
  await until(async () => JSON.stringify(await delivery()).includes('"delivered"'));
  expect(await delivery()).toMatchObject([{ target, status: 'delivered', attempts: 2, error: null }]);
});

test('a target that is not on the public internet is refused when the job is made, and when its result is due', async () => {
  const deliver = ['webhook:http://127.0.0.2:1/x'];
  const fields = { name: 'ssrf', schedule: '0 9 * * *', prompt: 'Hi.', deliver };
  await expect(make(fields)).rejects.toThrow(/^POST : 400 .*'deliver'.*127\.0\.0\.2/);
  // As a version before that rule made it.
  const { id } = await plant({ deliver });
  await ask('POST', `/${id}/run`);
  const [delivery] = await until(async () => {
    const found = (await runsOf(id))[0]?.['deliveries'] as Body[] | undefined;
    return found?.[0]?.['status'] === 'failed' ? found : undefined;
  });
  expect(delivery).toMatchObject({ attempts: 1, error: expect.stringContaining('not on the public internet') });
});

test('after an outage: what was missed is noted or made up for once, as the job says', async () => {
  await schedulers.pop()?.kill('SIGKILL');
  const hour = 3_600_000;
  const anchor = Date.now() - 10.9 * hour;
  const missed = { schedule: { kind: 'interval', everyMs: hour, anchor }, nextRunAt: anchor + hour } as const;
  const skipping = await plant({ ...missed, misfire: 'skip' });
  const running = await plant({ ...missed, misfire: 'run_once' });
  schedulers.push(await stack.start('scheduler'));
  await until(async () => (await runsOf(running.id))[0]?.['status'] === 'completed', { ms: 30_000 });
  expect(await runsOf(running.id)).toMatchObject([{ misfire: true, status: 'completed' }]);
  expect(await runsOf(skipping.id)).toMatchObject([{ misfire: true, status: 'missed', run_id: null }]);
  const slot = new Date(anchor + 10 * hour).toISOString();
  expect((await runsOf(running.id))[0]?.['scheduled_for']).toBe(slot);
  expect((await ask('GET', `/${skipping.id}`))['job']).toMatchObject({
    next_run_at: new Date(anchor + 11 * hour).toISOString(),
    last_error: expect.stringContaining('missed'),
  });
});

test('two schedulers that are killed around 200 ticks: 200 runs, one for each', async () => {
  // Two occurrences each: the second may wait for the first, and none is skipped however slow the machine is.
  const [jobs, ticks, everyMs] = [100, 2, 18_000];
  await Promise.all(schedulers.splice(0).map((one) => one.kill('SIGKILL')));
  const pair: Service[] = await Promise.all([stack.start('scheduler'), stack.start('scheduler')]);
  const start = Date.now() - 10_000;
  // Something is due every 180 ms: whenever a scheduler is killed, it is near a tick.
  const planted = await Promise.all(
    Array.from({ length: jobs }, (_, i) => {
      const anchor = start + i * (everyMs / jobs);
      const schedule = { kind: 'interval', everyMs, anchor } as const;
      return plant({ schedule, nextRunAt: anchor + everyMs, repeat: { times: ticks, completed: 0 }, overlap: 'queue' });
    }),
  );
  const end = start + everyMs * (ticks + 1);
  let kills = 0;
  while (Date.now() < end) {
    await sleep(500 + Math.random() * 1_000);
    const victim = kills++ % 2;
    await pair[victim]?.kill('SIGKILL');
    pair[victim] = await stack.start('scheduler');
  }
  const runs: Body[][] = [];
  for (const { id } of planted) {
    const isDone = (found: Body[]): boolean => found.filter(({ status }) => status === 'completed').length >= ticks;
    const look = async (): Promise<Body[] | undefined> => {
      const found = await runsOf(id).catch(() => []);
      return isDone(found) ? found : undefined;
    };
    const done = until(look, { ms: 60_000, everyMs: 250, what: `${ticks} completed runs of a job` });
    runs.push(
      await done.catch(async (cause: Error) => {
        throw new Error(`${cause.message}, but: ${JSON.stringify(await runsOf(id))}`);
      }),
    );
  }
  // A busy machine takes long to start one anew.
  expect(kills).toBeGreaterThan(1);
  for (const [i, job] of planted.entries()) {
    const { anchor } = job.schedule as { anchor: number };
    const slots = (runs[i] ?? []).map((run) => Date.parse(String(run['scheduled_for']))).sort((a, b) => a - b);
    expect(slots).toEqual(Array.from({ length: ticks }, (_, k) => anchor + (k + 1) * everyMs));
  }
  expect(new Set(runs.flat().map((run) => run['run_id'])).size).toBe(jobs * ticks);
});
