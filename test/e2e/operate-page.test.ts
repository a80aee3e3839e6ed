import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { postgresDatabase } from '#libs/store';
import { codeBlocks, commandsOf } from '../support/code-blocks.js';
import { freePort } from '../support/ports.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { inherited } from '../support/processes.js';
import { projectRoot } from '../support/project-root.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** What docs/operate.md says, done: its commands, its files, and nginx where it is installed. */
const blocks = codeBlocks('docs/operate.md');
const execute = promisify(execFile);
const debian = '/usr/lib/postgresql';
const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
const PATH = [inherited().PATH, '/usr/sbin', ...versions].join(delimiter);
const isInstalled = (program: string): boolean => PATH.split(delimiter).some((dir) => existsSync(join(dir, program)));

let postgres: TestPostgres;
let stack: Stack;
let database: string;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.createDatabase();
  stack = await startStack({ env: { DATABASE_URL: database, API_SERVER_ALLOWED_HOSTS: 'talaria.example.com' } });
});
afterAll(async () => {
  await stack?.stop();
  await postgres?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talaria-operate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const chat = (url: string, more: object = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'talaria', messages: [{ role: 'user', content: 'Hello!' }], ...more }),
  });

const commandWith = (words: string): string =>
  blocks.flatMap(commandsOf).find((command) => command.includes(words)) ?? `no command with ${words}`;

test('every service that the page starts is one that the build makes', () => {
  const named = blocks.flatMap(commandsOf).flatMap((command) => /^node (dist\/\S+)/.exec(command)?.[1] ?? []);
  expect(named).toHaveLength(5);
  expect(named.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
});

test('a backup has what was there, and is restored into a new database', async () => {
  expect((await chat(stack.apis[0]?.url ?? '')).status).toBe(200);
  const db = postgresDatabase({ url: database });
  const ids = (): Promise<object[]> => db.query('select id from runs order by id');
  await until(async () => (await ids()).length === 1, { what: 'the row of the run' });
  const sh = async (command: string, DATABASE_URL: string): Promise<void> => {
    const env = { PATH, DATABASE_URL, REDIS_URL: stack.redis.url };
    await execute('sh', ['-c', command], { cwd: folder, env });
  };
  await sh(commandWith('redis-cli -u'), database);
  await sh(commandWith('pg_dump'), database);
  expect((await stat(join(folder, 'talaria.rdb'))).size).toBeGreaterThan(100);
  const empty = await postgres.createDatabase();
  await sh(commandWith('pg_restore'), empty);
  const restored = postgresDatabase({ url: empty });
  expect(await restored.query('select id from runs order by id')).toEqual(await ids());
  await Promise.all([db.close(), restored.close()]);
});

test('files for other programs are well-formed', () => {
  const pages = ['docs/operate.md', 'docs/open-webui.md'];
  const yaml = pages.flatMap(codeBlocks).filter(({ language }) => language === 'yaml');
  expect(yaml.length).toBeGreaterThanOrEqual(3);
  for (const { text } of yaml) expect(parse(text)).toBeInstanceOf(Object);
});

const units = blocks.filter(({ language }) => language === 'ini');
(isInstalled('systemd-analyze') ? test : test.skip)('systemd takes the units', async () => {
  expect(units).toHaveLength(2);
  for (const { text } of units) {
    const name = /system\/(talaria@?)\.service/.exec(text)?.[1] ?? '';
    const file = join(folder, name.endsWith('@') ? `${name}api.service` : `${name}.service`);
    // A user and a folder of the reader's machine.
    await writeFile(file, text.replace(/^(User|WorkingDirectory|EnvironmentFile)=.*\n/gm, ''));
    const { stderr } = await execute('systemd-analyze', ['verify', '--man=no', file], { env: { PATH } });
    expect(stderr.split('\n').filter((line) => line.includes('talaria'))).toEqual([]);
  }
});

(isInstalled('nginx') ? test : test.skip)(
  'nginx passes streams, WebSockets and the name on, and nothing inside',
  async () => {
    const port = await freePort();
    const site = (blocks.find(({ language }) => language === 'nginx')?.text ?? '')
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replaceAll(/^ *ssl_.*\n/gm, '')
      .replace('127.0.0.1:8642', new URL(stack.apis[0]?.url ?? '').host);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    const config = `pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; ${temporary.join(' ')} ${site} }`;
    await writeFile(join(folder, 'nginx.conf'), config);
    const nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], {
      env: { ...inherited(), PATH },
      stdio: 'ignore',
    });
    try {
      const url = `http://127.0.0.1:${port}`;
      const health = async (): Promise<number> => (await fetch(`${url}/health`).catch(() => undefined))?.status ?? 0;
      await until(async () => (await health()) === 200, { what: 'nginx' });
      const stream = await chat(url, { stream: true });
      expect([stream.status, (await stream.text()).endsWith('data: [DONE]\n\n')]).toEqual([200, true]);
      for (const path of ['/internal/stats', '/admin/queues', '/metrics']) {
        expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 404]);
      }
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`, { headers: { host: 'talaria.example.com' } });
      await once(socket, 'open');
      socket.close();
    } finally {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
    }
  },
);
