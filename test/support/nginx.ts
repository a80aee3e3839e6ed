import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { projectRoot } from './project-root.js';
import { until } from './until.js';

export const hasNginx = spawnSync('nginx', ['-v']).status === 0;

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/** The proxy of deploy/nginx in front of these ports of this machine, on a free port; nothing else of it is changed. */
export async function startNginx(ports: readonly number[]): Promise<Nginx> {
  const dir = await mkdtemp(join(tmpdir(), 'talaria-nginx-'));
  const port = await freePort();
  const text = await readFile(join(projectRoot(), 'deploy/nginx/nginx.conf'), 'utf8');
  const servers = ports.map((one) => `    server 127.0.0.1:${one};`).join('\n');
  const config = text
    .replace(/(?: {4}server [\w:]+;\n)+/, `${servers}\n`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('worker_processes auto;', 'worker_processes 1;')
    .replaceAll('/tmp/', `${dir}/`);
  const file = join(dir, 'nginx.conf');
  await writeFile(file, config);
  const child: ChildProcess = spawn('nginx', ['-c', file, '-g', 'daemon off;'], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    fetch(`${url}/health/live`).then(
      (answer) => answer.ok,
      () => false,
    );
  await until(answers, { what: 'nginx' });
  return {
    url,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
