import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Builds another commit of this repository, in a worktree of its own beside the temporary files. A build that is
 * there already is used again.
 * @param ref what git knows the commit by
 * @returns the folder of its compiled sources, and the commit's short name
 * @throws when git does not know the commit, or it does not install or build
 */
export function buildOther(ref: string): { readonly dist: string; readonly name: string } {
  const commit = output('git', ['rev-parse', '--verify', `${ref}^{commit}`]);
  const folder = join(tmpdir(), `talaria-bench-${commit}`);
  const built = join(folder, '.built');
  if (!existsSync(built)) {
    process.stdout.write(`building ${ref} in a worktree of its own ...\n`);
    if (!existsSync(folder)) run('git', ['worktree', 'add', '--detach', folder, commit]);
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'], folder);
    run('npm', ['run', '--silent', 'build'], folder);
    writeFileSync(built, '');
  }
  return { dist: join(folder, 'dist'), name: commit.slice(0, 7) };
}

const output = (command: string, args: string[]): string => execFileSync(command, args, { encoding: 'utf8' }).trim();

const run = (command: string, args: string[], cwd = '.'): void =>
  void execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
