import { EXIT_CONFIG } from '#libs/contract';
import { SupervisedChild, type ChildOrder, type Exit } from '../../../apps/launcher/src/processes/supervise.js';
import { withSlack } from '../../support/slack.js';
import { until } from '../../support/until.js';

interface Watched {
  readonly child: SupervisedChild;
  readonly pids: number[];
  readonly deaths: { how: Exit; againInMs: number }[];
  readonly seen: { text: string; gaveUp: number; outputsEnded: number };
}

const open: SupervisedChild[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((child) => child.kill()));
});

function supervise(script: string, change: Partial<ChildOrder> = {}): Watched {
  const order: ChildOrder = {
    name: 'child',
    command: process.execPath,
    args: ['-e', script],
    env: {},
    ipc: false,
    graceMs: 10_000,
    backoff: { firstMs: 10, maxMs: 40, resetAfterMs: 60_000 },
    ...change,
  };
  const pids: number[] = [];
  const deaths: Watched['deaths'] = [];
  const seen = { text: '', gaveUp: 0, outputsEnded: 0 };
  const child = new SupervisedChild(order, {
    output: (chunk) => (seen.text += Buffer.from(chunk).toString()),
    outputEnded: () => (seen.outputsEnded += 1),
    spawned: (pid) => pids.push(pid),
    died: (how, againInMs) => deaths.push({ how, againInMs }),
    gaveUp: () => (seen.gaveUp += 1),
  });
  open.push(child);
  child.start();
  return { child, pids, deaths, seen };
}

const STAYS = `console.log('up'); setInterval(() => {}, 1e6)`;
const IGNORES_SIGTERM = `process.on('SIGTERM', () => console.log('no')); ${STAYS}`;
const LEAVES_ON_SIGTERM = `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${STAYS}`;

describe('asked how many answers it has under way, a child', () => {
  test('says so over its channel', async () => {
    const answers = `process.on('message', (what) => what === 'running?' && process.send({ running: 2 })); ${STAYS}`;
    const { child, seen } = supervise(answers, { ipc: true });
    await until(() => seen.text.includes('up'));
    expect(await child.askRunning(30_000)).toBe(2);
  });

  test.each([
    ['that does not know the question', STAYS, true],
    ['without a channel', STAYS, false],
    ['that is gone', 'process.exit(0)', true],
  ])('%s says nothing, and nobody waits for it', async (_what, script, ipc) => {
    const { child } = supervise(script, { ipc });
    expect(await child.askRunning(20)).toBeUndefined();
  });
});

describe('a child that dies', () => {
  test('is started again, each time after twice the wait, up to the limit', async () => {
    const { pids, deaths } = supervise('process.exit(3)');
    await until(() => deaths.length >= 4);
    expect(deaths.slice(0, 4).map(({ againInMs }) => againInMs)).toEqual([10, 20, 40, 40]);
    expect(deaths[0]?.how).toEqual({ code: 3, signal: null });
    expect(new Set(pids).size).toBe(pids.length);
  });

  test('begins with the first wait again after a long life', async () => {
    const { deaths } = supervise('process.exit(3)', { backoff: { firstMs: 10, maxMs: 40, resetAfterMs: 0 } });
    await until(() => deaths.length >= 3);
    expect(deaths.slice(0, 3).map(({ againInMs }) => againInMs)).toEqual([10, 10, 10]);
  });

  test('by a signal is started again', async () => {
    const { child, deaths, pids, seen } = supervise(STAYS);
    await until(() => seen.text.includes('up'));
    process.kill(child.pid ?? 0, 'SIGKILL');
    await until(() => pids.length === 2);
    expect(deaths[0]?.how.signal).toBe('SIGKILL');
  });

  test('that cannot be started is told with the reason', async () => {
    const { deaths } = supervise('', { command: '/none/such' });
    await until(() => deaths.length >= 2);
    expect(deaths[0]?.how).toEqual({ code: null, signal: null, failure: 'ENOENT' });
  });
});

describe('a wrong configuration', () => {
  test('ends the first life for good', async () => {
    const { child, deaths, seen } = supervise(`process.exit(${EXIT_CONFIG})`);
    await until(() => seen.gaveUp === 1);
    expect([deaths, child.pid]).toEqual([[], undefined]);
  });

  test('in a later life is tried again: somebody is editing the file', async () => {
    const script = `process.exit(process.env.FIRST ? 1 : ${EXIT_CONFIG})`;
    const env: Record<string, string> = { FIRST: 'yes' };
    const { deaths, seen } = supervise(script, { env });
    delete env['FIRST'];
    await until(() => deaths.length >= 3);
    expect([deaths.at(-1)?.how.code, seen.gaveUp]).toEqual([EXIT_CONFIG, 0]);
  });
});

describe('stopping', () => {
  test('lets the child say its last words and does not start it again', async () => {
    const { child, pids, deaths, seen } = supervise(LEAVES_ON_SIGTERM);
    await until(() => seen.text.includes('up'));
    await child.stop();
    expect(seen).toMatchObject({ text: 'up\nbye\n', outputsEnded: 1 });
    expect([pids.length, deaths, child.pid]).toEqual([1, [], undefined]);
  });

  test('kills one that does not listen, after the grace', async () => {
    const { child, pids, seen } = supervise(IGNORES_SIGTERM, { graceMs: withSlack(150) });
    await until(() => seen.text.includes('up'));
    await child.stop();
    expect(seen.text).toContain('no');
    expect(isRunning(pids[0])).toBe(false);
  });

  test('a second wish kills at once', async () => {
    const { child, pids, seen } = supervise(IGNORES_SIGTERM);
    await until(() => seen.text.includes('up'));
    const stopped = child.stop();
    await child.kill();
    await stopped;
    expect(isRunning(pids[0])).toBe(false);
  });

  test('between two lives there is none after it', async () => {
    // The child has to be stopped before its next life.
    const firstMs = withSlack(100);
    const { child, deaths, pids } = supervise('process.exit(1)', {
      backoff: { firstMs, maxMs: firstMs, resetAfterMs: 60_000 },
    });
    await until(() => deaths.length === 1);
    await child.stop();
    const other = supervise('process.exit(1)', { backoff: { firstMs, maxMs: firstMs, resetAfterMs: 60_000 } });
    await until(() => other.pids.length === 3);
    expect(pids.length).toBe(1);
  });
});

describe('a restart', () => {
  test('ends this life and begins the next without a death', async () => {
    const { child, deaths, pids, seen } = supervise(LEAVES_ON_SIGTERM);
    await until(() => seen.text.includes('up'));
    child.restart();
    await until(() => seen.text === 'up\nbye\nup\n');
    expect([deaths, pids.length]).toEqual([[], 2]);
  });

  test('cuts a wait short', async () => {
    const { child, deaths, pids } = supervise('process.exit(1)', {
      backoff: { firstMs: 1_000_000, maxMs: 1_000_000, resetAfterMs: 60_000 },
    });
    await until(() => deaths.length === 1);
    child.restart();
    await until(() => deaths.length === 2);
    expect(pids.length).toBe(2);
  });
});

test('a child with a channel notices that its launcher was killed', async () => {
  const child = `process.on('disconnect', () => process.exit(0)); console.log(process.pid); setInterval(() => {}, 1e6)`;
  const parent = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
    setInterval(() => {}, 1e6)`;
  const { child: launcher, seen } = supervise(parent);
  const pid = Number(await until(() => /^\d+\n/.exec(seen.text)?.[0]));
  expect(isRunning(pid)).toBe(true);
  await launcher.kill();
  await until(() => !isRunning(pid), { what: 'the end of the orphan' });
});

function isRunning(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? -1, 0);
  } catch {
    return false;
  }
}
