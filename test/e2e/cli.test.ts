import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inherited } from '../support/processes.js';
import { projectRoot } from '../support/project-root.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** The command line, as a program of its own, against a real gateway with the demo model. */
const KEY = 'cli-key-7f3a9d52c4e1b806';
const execute = promisify(execFile);
let stack: Stack;

beforeAll(async () => {
  const settings = 'approvals: { rules: [{ tool: "current_*", policy: always }] }';
  stack = await startStack({ scheduler: true, settings, env: { API_KEYS: `ann:${KEY}` } });
});
afterAll(() => stack?.stop());

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function talaria(args: string, env: Record<string, string> = { TALARIA_KEY: KEY }): Promise<Ended> {
  const words = [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const file = join(projectRoot(), 'scripts/talaria.mjs');
  const around = { ...inherited(), TALARIA_URL: `${stack.apis[0]?.url}/v1`, ...env };
  try {
    const { stdout, stderr } = await execute(process.execPath, [file, ...words], { env: around, timeout: 60_000 });
    return { code: 0, out: stdout, err: stderr };
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function json<T>(args: string): Promise<T> {
  const { code, out, err } = await talaria(`${args} --json`);
  if (code !== 0) throw new Error(`${args}: ${code} ${err}`);
  return JSON.parse(out) as T;
}

async function ask(input: string): Promise<string> {
  const answer = await fetch(`${stack.apis[0]?.url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  });
  return ((await answer.json()) as { run_id: string }).run_id;
}

test('status says that all is there, for eyes and as JSON', async () => {
  const { code, out } = await talaria('status');
  expect([code, out]).toEqual([0, expect.stringMatching(/status +ok[\s\S]*alive/)]);
  expect(await json<object>('status')).toMatchObject({ status: 'ok', redis: { status: 'up' } });
});

test('a run is followed to its end, listed, and shown by the beginning of its id', async () => {
  const id = await ask('Tell me about yourself.');
  const followed = await talaria(`runs tail ${id}`);
  expect(followed.code).toBe(0);
  expect(followed.out).toMatch(/\[completed \d+ tokens]\n/);
  const { data } = await json<{ data: { run_id: string }[] }>('runs ls --limit 1 --status completed');
  expect(data.map((run) => run.run_id)).toEqual([id]);
  expect((await talaria('runs ls')).out).toContain(id);
  const shown = await talaria(`runs show ${id.slice(0, 12)}..`);
  expect(shown.out).toMatch(new RegExp(`run +${id}\n[\\s\\S]*completed`));
  const frames = (await talaria(`runs tail ${id} --json`)).out.trim().split('\n');
  expect(frames.map((line) => (JSON.parse(line) as { event: string }).event).at(-1)).toBe('run.completed');
});

test('a call that waits is listed, allowed, denied, and a waiting run is stopped', async () => {
  const [allowed, denied, stopped] = await Promise.all([
    ask('What time is it?'),
    ask('What time is it?'),
    ask('What time is it?'),
  ]);
  const waiting = async (): Promise<string[]> =>
    (await json<{ data: { run_id: string }[] }>('approvals')).data.map((each) => each.run_id);
  await until(async () => (await waiting()).length === 3, { what: 'three waiting calls' });
  const list = await talaria('approvals');
  expect(list.out).toMatch(new RegExp(`${allowed} +apr_\\w+ +current_time`));
  expect(await talaria(`approve ${allowed}`)).toMatchObject({ code: 0, out: 'allowed: once\n' });
  expect(await talaria(`deny ${denied}`)).toMatchObject({ code: 0, out: 'denied\n' });
  expect(await talaria(`runs stop ${stopped}`)).toMatchObject({ code: 0 });
  expect((await talaria(`runs tail ${allowed}`)).out).toContain('[current_time done');
  expect((await talaria(`runs tail ${denied}`)).code).toBe(0);
  const end = await talaria(`runs tail ${stopped}`);
  expect([end.code, end.out]).toEqual([1, expect.stringContaining('[cancelled')]);
  expect(await waiting()).toEqual([]);
  const late = await talaria(`approve ${allowed}`);
  expect([late.code, late.out]).toEqual([1, '']);
});

test('a job is made, run, paused, resumed and removed', async () => {
  const made = await json<{ job: { id: string; schedule_display: string } }>(
    'jobs add --name report --schedule "weekdays at 9:00" --timezone Europe/Berlin --prompt "Say hello."',
  );
  const { id } = made.job;
  expect((await talaria('jobs ls')).out).toMatch(new RegExp(`${id} +report +scheduled`));
  expect((await talaria(`jobs run ${id}`)).out).toContain('runs');
  const runs = async (): Promise<number> => (await json<{ data: object[] }>(`runs ls --job ${id}`)).data.length;
  await until(async () => (await runs()) === 1, { what: 'the run of the job' });
  expect((await talaria(`jobs pause ${id} --reason holidays`)).out).toBe(`${id} is paused\n`);
  expect((await talaria('jobs ls --all')).out).toMatch(new RegExp(`${id} +report +paused`));
  expect((await talaria(`jobs resume ${id}`)).out).toContain('runs next at');
  expect((await talaria(`jobs rm ${id}`)).code).toBe(0);
  expect(await talaria(`jobs run ${id}`)).toMatchObject({ code: 1 });
});

test('what the gateway refuses is told in its words, with an exit code for each kind', async () => {
  const bad = await talaria('jobs add --schedule nonsense --prompt x');
  expect([bad.code, bad.out]).toEqual([1, '']);
  expect(bad.err).toContain('schedule');
  const asJson = await talaria('jobs add --schedule nonsense --prompt x --json');
  expect(JSON.parse(asJson.err)).toMatchObject({ error: { message: expect.any(String), code: expect.any(String) } });
  expect(await talaria(`runs show run_${'0'.repeat(32)}`)).toMatchObject({ code: 1 });
  expect(await talaria('runs ls', {})).toMatchObject({ code: 4 });
  expect(await talaria('runs ls', { TALARIA_KEY: 'wrong' })).toMatchObject({ code: 4 });
  const nobody = await talaria('status', { TALARIA_URL: 'http://127.0.0.1:1' });
  expect([nobody.code, nobody.err]).toEqual([3, expect.stringContaining('No gateway answers at http://127.0.0.1:1')]);
});
