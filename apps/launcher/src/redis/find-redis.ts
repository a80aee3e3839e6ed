import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of the programs on a PATH (the environment's), in the order of the names. */
export function findProgram(names: readonly string[], path: string): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

export function findRedisServer(path: string): string | undefined {
  return findProgram(['redis-server', 'valkey-server'], path);
}

/** What to do about a missing server, one line per operating system. */
export const NO_REDIS = [
  'Talaria needs Redis 7.0 or newer (or Valkey), and found none. Install one, or set REDIS_URL:',
  '  macOS           brew install redis',
  '  Debian, Ubuntu  sudo apt-get install redis-server',
  '  Fedora          sudo dnf install valkey',
  '  Windows         use WSL (https://learn.microsoft.com/windows/wsl), then as on Ubuntu',
  '  Docker          docker run -d -p 127.0.0.1:6379:6379 redis:7 redis-server --appendonly yes',
  '                  then REDIS_URL=redis://127.0.0.1:6379 npm start',
].join('\n');

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
