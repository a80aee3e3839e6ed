import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../test/support/project-root.js';

export const COMPAT_FOLDER = join(projectRoot(), 'compat');
/** The oldest Node that all pinned clients say they run on. */
const NODE_MAJOR_MIN = 22;

/**
 * Installs what the lock of this folder says, unless it is there. Programs of packages do not run meanwhile.
 * @param kinds `sdk`: the libraries alone; `all`: the coding agents as well, which are some hundred MB of binaries.
 * @throws Error with the words of npm.
 */
export async function install(kinds: 'sdk' | 'all'): Promise<void> {
  const lock = await readFile(join(COMPAT_FOLDER, 'package-lock.json'));
  const pinned = createHash('sha256').update(lock).digest('hex');
  const mark = join(COMPAT_FOLDER, 'node_modules/.talaria-compat');
  const [installed, installedKinds] = (await readFile(mark, 'utf8').catch(() => '')).split(' ');
  if (installed === pinned && (installedKinds === 'all' || installedKinds === kinds)) return;
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  await npm(['ci', ...flags, ...(kinds === 'sdk' ? ['--omit=dev'] : [])]);
  await writeFile(mark, `${pinned} ${kinds}`);
}

function npm(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd: COMPAT_FOLDER, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`npm ${args.join(' ')}: ${errors}`))));
  });
}

/**
 * The Node that the clients run on: the pinned one of this platform, or this one where none is pinned.
 * @throws Error when this one is too old for them.
 */
export function nodeOfClients(): string {
  const { platform, arch, execPath, versions } = process;
  const pinned = join(COMPAT_FOLDER, `node_modules/node-${platform}-${arch}/bin/node`);
  if (existsSync(pinned)) return pinned;
  if (Number(versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return execPath;
  throw new Error(`The clients need Node ${NODE_MAJOR_MIN} or newer; for ${platform}-${arch} none is pinned here.`);
}
