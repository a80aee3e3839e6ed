import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeBlocks, commandsOf } from '../support/code-blocks.js';
import { inherited } from '../support/processes.js';
import { projectRoot } from '../support/project-root.js';
import { startStack, type Stack } from '../support/stack.js';

/** Every curl and every `npx talaria` of these pages, as printed, against a gateway with the demo model and one key. */
const PAGES = ['README.md', 'docs/cli.md', 'docs/runs.md', 'docs/jobs.md', 'docs/sessions.md', 'docs/open-webui.md'];
const KEY = 'documented-7f3a9d52c4e1b806';
const commands = PAGES.flatMap((page) =>
  codeBlocks(page)
    .flatMap(commandsOf)
    .filter((command) => /^(curl|npx talaria) /.test(command))
    .map((command) => [page, command] as const),
);

let stack: Stack;
let runId: string;
let bin: string;
beforeAll(async () => {
  stack = await startStack({ scheduler: true, env: { API_SERVER_KEY: KEY } });
  bin = await mkdtemp(join(tmpdir(), 'talaria-commands-'));
  const answer = await fetch(`${stack.apis[0]?.url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: '{"input":"Hello!"}',
  });
  runId = ((await answer.json()) as { run_id: string }).run_id;
});
afterAll(async () => {
  await stack?.stop();
  await rm(bin, { recursive: true, force: true });
});

/** What stands for the reader's own: the port, the key, the id of a run; npx would ask a registry. */
const filledIn = (command: string): string =>
  command
    .replaceAll(/(?:http:\/\/)?(?:127\.0\.0\.1|localhost):8642/g, stack.apis[0]?.url ?? '')
    .replaceAll('run_...', runId)
    .replace(/^npx talaria/, `node ${join(projectRoot(), 'scripts/talaria.mjs')}`)
    .replace(/^curl (?![\s\S]*Authorization)/, `curl -H 'Authorization: Bearer ${KEY}' `);

test('there are commands on every page', () => {
  expect(new Set(commands.map(([page]) => page))).toEqual(new Set(PAGES));
});

test.each(commands)('%s: %s', async (_page, command) => {
  const url = stack.apis[0]?.url ?? '';
  const env = { ...inherited(), URL: url, KEY, TALARIA_URL: url, TALARIA_KEY: KEY };
  const { stdout } = await promisify(execFile)('sh', ['-c', filledIn(command)], { env, timeout: 60_000 });
  expect(stdout).not.toBe('');
  expect(stdout).not.toMatch(/"error": ?\{/);
});
