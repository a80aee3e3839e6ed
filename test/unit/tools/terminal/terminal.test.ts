import type { Tool, ToolContext, ToolResult } from '#libs/contract';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LiveTrees } from '../../../../libs/tools/src/processes/live-trees.js';
import { killOrphans } from '../../../../libs/tools/src/processes/process-group.js';
import { terminal } from '../../../../libs/tools/src/terminal/terminal.js';
import { soon } from '../../../support/hang.js';
import { isRunning, pidsIn, untilGone } from '../../../support/processes.js';
import { use, workspaceLab, type WorkspaceLab } from '../../../support/tool-lab.js';

let lab: WorkspaceLab;
let live: LiveTrees;
let tool: Tool;
let folder: string;
beforeEach(async () => {
  lab = await workspaceLab();
  live = new LiveTrees();
  tool = terminal({ workspaces: lab.workspaces, live, shell: ['/bin/sh', '-c'], path: '/usr/local/bin:/usr/bin:/bin' });
  folder = await lab.folder();
});
afterEach(async () => {
  await live.close();
  await lab.remove();
});

const run = (command: string, more: object = {}, fields: Partial<ToolContext> = {}): Promise<ToolResult> =>
  use(tool, { command, ...more }, fields);

describe('a command', () => {
  test.each([
    ['echo one; echo two >&2', 'one\ntwo\n[Exit code 0.]', false],
    ['exit 3', '[Exit code 3.]', true],
    ['pwd | xargs -I{} sh -c "cd {} && ls"', 'a.txt\n[Exit code 0.]', false],
    ['cat', '[Exit code 0.]', false],
    ['kill -9 $$', '[Ended by SIGKILL.]', true],
    ['no-such-program 2>/dev/null', '[Exit code 127.]', true],
    ["printf 'Gr\\303\\274\\303\\237e'", 'Grüße\n[Exit code 0.]', false],
  ])('%s', async (command, output, isError) => {
    await writeFile(join(folder, 'a.txt'), '');
    expect(await run(command)).toEqual({ output, isError });
  });

  test('works in the workspace, where the file tools work', async () => {
    expect((await run('pwd -P')).output).toBe(`${folder}\n[Exit code 0.]`);
    expect((await run('pwd', {}, { sessionId: 'other' })).output).not.toContain(folder);
  });

  test('has nothing of the environment of the worker', async () => {
    process.env['CANARY_API_KEY'] = 'sk-canary';
    const { output } = await run('env');
    const names = output.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(names.sort()).toEqual(['HOME', 'LANG', 'PATH', 'PWD', 'TALARIA_PROCESS', 'TERM']);
    expect(output).toContain(`HOME=${folder}\n`);
    expect(output).not.toContain('canary');
  });

  test('is run by what the operator chose', async () => {
    const shell = ['/usr/bin/env', 'BOX={workspace}', '/bin/sh', '-c'];
    const boxed = terminal({ workspaces: lab.workspaces, live, shell, path: '/usr/bin:/bin' });
    expect((await use(boxed, { command: 'echo "in $BOX"' })).output).toBe(`in ${folder}\n[Exit code 0.]`);
    const missing = terminal({ workspaces: lab.workspaces, live, shell: ['/no/such'], path: '/bin' });
    expect(await use(missing, { command: 'true' })).toEqual({
      output: '[The command could not be started: ENOENT.]',
      isError: true,
    });
  });

  test('of endless output, the beginning and the end are kept', async () => {
    const { output } = await run('echo first; seq 1 200000; echo last');
    expect(output).toMatch(/^first\n1\n2\n/);
    expect(output).toMatch(/\n200000\nlast\n\[Exit code 0\.]$/);
    expect(output).toMatch(/\n\[\d+ characters were left out\.]\n/);
    expect(output.length).toBeLessThan(61_000);
  });

  test('shows what it prints while it runs', async () => {
    const shown: string[] = [];
    await run('echo early; sleep 1.2; echo late', {}, { progress: (text) => shown.push(text) });
    expect(shown[0]).toBe('early\n');
  });

  test.each([{}, { command: 7 }, { command: ' ' }, { command: 'a\0b' }, { command: 'x'.repeat(20_001) }])(
    'is not started from wrong arguments: %#',
    async (args) => expect(await use(tool, args)).toMatchObject({ isError: true }),
  );

  test.each([0, 116, 1.5, '5'])('has no time-out of %p seconds', async (seconds) => {
    expect(await run('true', { timeout_seconds: seconds })).toMatchObject({ isError: true });
  });
});

/**
 * A shell, a child, a grandchild, one that ignores SIGTERM, and one that has left the process group: five processes.
 */
const FAMILY = `
  echo $$ >> pids
  sh -c 'echo $$ >> pids; sh -c "echo \\$\\$ >> pids; sleep 300" & sleep 300' &
  sh -c 'trap "" TERM; echo $$ >> pids; while :; do sleep 1; done' &
  setsid sh -c 'echo $$ >> pids; sleep 300' &
  echo started
`;

describe('processes are gone', () => {
  const family = (): Promise<number[]> => pidsIn(join(folder, 'pids'), 5);

  test('after a cancel, grandchildren and deserters too; the tool rejects at once', async () => {
    const abort = new AbortController();
    const result = run(`${FAMILY} wait`, {}, { signal: abort.signal });
    const pids = await family();
    expect((await Promise.all(pids.map(isRunning))).every(Boolean)).toBe(true);
    const reason = new Error('stop');
    abort.abort(reason);
    await expect(soon(result)).rejects.toBe(reason);
    await untilGone(pids);
  });

  test('after a time-out, and the output so far is kept', async () => {
    const result = await run(`${FAMILY} wait`, { timeout_seconds: 3 });
    expect(result).toEqual({
      output: 'started\n[Timed out after 3 s; the command was ended.]',
      isError: true,
    });
    await untilGone(await family());
  });

  test('after the shell has ended, what it left in the background', async () => {
    const result = await run(FAMILY);
    expect(result).toEqual({ output: 'started\n[Exit code 0.]', isError: false });
    await untilGone(await family());
  });

  test('when the worker stops', async () => {
    const result = run(`${FAMILY} wait`);
    const pids = await family();
    await live.close();
    await untilGone(pids);
    expect(await result).toMatchObject({ isError: true });
  });

  test('when a worker starts after another one was killed; those of workers that live are left alone', async () => {
    const result = run('echo $$ >> mine; sleep 300');
    const [mine = 0] = await pidsIn(join(folder, 'mine'), 1);
    // What a worker that is gone has left: only the mark remains of it.
    const gone = spawn('true');
    await once(gone, 'exit');
    const env = { PATH: '/usr/bin:/bin', TALARIA_PROCESS: `${gone.pid}.abc` };
    const orphan = spawn('sh', ['-c', 'setsid sleep 300 & echo $! > orphan; wait'], { cwd: folder, env });
    const [left = 0] = await pidsIn(join(folder, 'orphan'), 1);
    await killOrphans();
    await untilGone([left, orphan.pid ?? 0]);
    expect(await isRunning(mine)).toBe(true);
    await live.close();
    await result;
  });

  test('and a run that was aborted before starts nothing', async () => {
    await expect(run('touch ran', {}, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect((await run('ls')).output).toBe('[Exit code 0.]');
  });

  test('many at once do not disturb each other', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, (_, i) => run(`sleep 0.3; echo ${i}`)));
    expect(results.map(({ output }) => output)).toEqual(results.map((_, i) => `${i}\n[Exit code 0.]`));
  });
});
