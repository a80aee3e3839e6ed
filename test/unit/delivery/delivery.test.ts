import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, JobRun } from '#libs/contract';
import { createTargets, parseDeliver, splitTarget, type DeliveryOutcome } from '#libs/delivery';
import { Webhook } from 'standardwebhooks';
import { webhookSecretOf } from '../../../libs/delivery/src/webhook.js';
import { projectRoot } from '../../support/project-root.js';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';
import { jobOf, jobRunOf, T0 } from '../../support/job.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const targets = createTargets({ webhookSecret: SECRET, webhookAllowedHosts: ['127.0.0.1'] });

describe('deliver', () => {
  test.each<[string | string[], string[]]>([
    ['local', ['local']],
    [' local , webhook:https://a.test/x?y=1 ,local,', ['local', 'webhook:https://a.test/x?y=1']],
    [
      ['webhook:https://a.test/x%2Cy', 'local'],
      ['webhook:https://a.test/x%2Cy', 'local'],
    ],
  ])('%j', (value, expected) => expect(parseDeliver(value, targets)).toEqual(expected));

  test.each<[string | unknown[], RegExp]>([
    ['', /must name a target/],
    [[], /must name a target/],
    [[5], /'deliver\[0\]' must be a string/],
    ['pigeon:42', /"pigeon".*There are: local, webhook:https/],
    ['toString', /does not exist/],
    ['local:x', /local takes no address/],
    ['webhook:http://10.1.2.3/x', /10\.1\.2\.3, which is not on the public internet/],
    ['webhook:http://[::1]/x', /not on the public internet/],
    ['webhook:http://2130706434/x', /127\.0\.0\.2, which is not/],
    ['webhook:http://api.localhost/x', /not on the public internet/],
    ['webhook:ftp://a.test', /absolute http or https/],
    ['webhook:https://u:p@a.test/', /without user and password/],
    ['webhook:https://u@a.test/', /without user and password/],
    [['webhook:https://a.test/x,y'], /comma in it; write %2C/],
    [`webhook:https://a.test/${'x'.repeat(2_048)}`, /more than 2048 characters/],
    [Array.from({ length: 9 }, (_, i) => `webhook:https://a.test/${i}`), /at most 8 targets/],
  ])('%j is refused', (value, message) => {
    expect(() => parseDeliver(value, targets)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        param: expect.stringMatching(/^deliver(\[0\])?$/) as string,
      }),
    );
    expect(() => parseDeliver(value, targets)).toThrow(message);
  });

  test('without a secret there are no webhooks', () => {
    const none = createTargets({ webhookAllowedHosts: [] });
    expect(() => parseDeliver('webhook:https://a.test', none)).toThrow(/WEBHOOK_SECRET/);
    expect(parseDeliver('local', none)).toEqual(['local']);
  });
});

describe('a webhook', () => {
  let server: TestHttpServer;
  let answer: number;
  let seen: { headers: Record<string, string>; body: string }[];

  beforeAll(async () => {
    server = await startHttpServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
        response.writeHead(answer, { location: '/elsewhere' }).end('thanks');
      });
    });
  });
  beforeEach(() => {
    [answer, seen] = [200, []];
  });
  afterAll(() => server?.close());

  const job: Job = jobOf({ name: 'news' });
  const ended: JobRun = jobRunOf(job, {
    status: 'completed',
    output: 'All \u{1f600} quiet.',
    startedAt: T0,
    endedAt: T0 + 1,
  });

  function send(run: JobRun = ended, address = `http://127.0.0.1:${server.port}/hook`): Promise<DeliveryOutcome> {
    const webhook = targets.find(({ scheme }) => scheme === splitTarget('webhook:x').scheme);
    const parcel = { job, run, address, messageId: 'msg_1', now: Date.now(), signal: new AbortController().signal };
    return webhook?.deliver(parcel) ?? Promise.reject(new Error('no webhooks'));
  }

  test('is signed so that the public library takes it, and says what happened', async () => {
    expect(await send()).toEqual({ kind: 'delivered', status: 200 });
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    expect(new Webhook(webhookSecretOf(SECRET, job.owner)).verify(body, headers)).toEqual({
      type: 'job.run.completed',
      timestamp: expect.stringContaining('T'),
      data: {
        ...{
          job_id: job.id,
          job_name: 'news',
          run_id: ended.runId,
          status: 'completed',
          output: 'All \u{1f600} quiet.',
        },
        ...{ error: null, scheduled_for: '2026-11-21T09:01:00.000Z', started_at: '2026-11-21T09:00:00.000Z' },
        ...{ ended_at: '2026-11-21T09:00:00.001Z', attempt: 1, misfire: false },
      },
    });
    expect(headers).toMatchObject({ 'webhook-id': 'msg_1', 'content-type': 'application/json' });
    const other = new Webhook(Buffer.alloc(24, 8).toString('base64'));
    expect(() => other.verify(body, headers)).toThrow();
  });

  test('of one key is not signed with the secret of another, nor with that of the gateway', async () => {
    await send();
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    for (const other of [SECRET, webhookSecretOf(SECRET, 'another'), webhookSecretOf(SECRET, `${job.owner}x`)]) {
      expect(() => new Webhook(other).verify(body, headers)).toThrow();
    }
  });

  test('has the secret that the documented command prints', () => {
    const docs = readFileSync(join(projectRoot(), 'docs/jobs.md'), 'utf8');
    const command = /```sh\n([^`]*openssl dgst[^`]*)```/.exec(docs)?.[1] ?? 'exit 1';
    const env = { ...process.env, WEBHOOK_SECRET: SECRET, KEY_NAME: 'ann.b-c' };
    const printed = execFileSync('bash', ['-c', command], { env, encoding: 'utf8' });
    expect(printed.trim()).toBe(webhookSecretOf(SECRET, 'ann.b-c'));
  });

  test('of a failure says why', async () => {
    await send({ ...ended, status: 'failed', error: { code: 'run_timeout', message: 'Too long.' } });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      type: 'job.run.failed',
      data: { status: 'failed', error: { code: 'run_timeout', message: 'Too long.' } },
    });
  });

  test.each<[number, boolean]>([
    [500, false],
    [503, false],
    [429, false],
    [408, false],
    [307, true],
    [400, true],
    [404, true],
    [410, true],
  ])('an answer of %i is a failure, final: %s', async (status, final) => {
    answer = status;
    expect(await send()).toEqual({ kind: 'failed', why: `it answered ${status}`, final, status });
    expect(seen).toHaveLength(1);
  });

  test('a private address is refused for good; a closed port may be open later', async () => {
    expect(await send(ended, 'http://10.1.2.3/hook')).toMatchObject({ kind: 'failed', final: true });
    expect(await send(ended, 'http://169.254.169.254/latest')).toMatchObject({ kind: 'failed', final: true });
    expect(await send(ended, 'http://127.0.0.1:1/hook')).toMatchObject({ kind: 'failed', final: false });
  });
});
