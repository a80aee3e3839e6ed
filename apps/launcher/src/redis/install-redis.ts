import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { findProgram } from './find-redis.js';
import { LaunchError } from '../launch-error.js';
import type { Printer } from '../console/print.js';

/** What decides whether the distribution's package may be installed. */
export interface Machine {
  /** `process.getuid()`; undefined where there is none. */
  readonly uid: number | undefined;
  /** The text of /etc/os-release; empty where there is none. */
  readonly osRelease: string;
  readonly path: string;
  /** systemd runs this machine and would start the package's service. */
  readonly systemd: boolean;
}

export function thisMachine(path: string): Machine {
  const release = '/etc/os-release';
  return {
    uid: process.getuid?.(),
    osRelease: existsSync(release) ? readFileSync(release, 'utf8') : '',
    path,
    systemd: existsSync('/run/systemd/system'),
  };
}

/** Only as root, on Debian, Ubuntu and distributions derived from them. */
export function canInstall({ uid, osRelease, path }: Machine): boolean {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, words = '']) => words.split(' '));
  const isDebian = ids.includes('debian') || ids.includes('ubuntu');
  return uid === 0 && isDebian && findProgram(['apt-get'], path) !== undefined;
}

/** A command and how it ended: its exit code, or null when it was killed or could not be started. */
export type RunCommand = (command: string, args: readonly string[]) => Promise<number | null>;

/**
 * Installs the distribution's redis-server. Throws LaunchError when apt-get fails.
 * On a machine with systemd the package starts a server for the whole machine; nobody asked for that one, so it is
 * stopped and disabled. It cannot have been there before: then its program would have been found.
 */
export async function installRedis(machine: Machine, run: RunCommand, printer: Printer): Promise<void> {
  printer.line('Redis is not installed. Installing the package redis-server with apt-get ...');
  await run('apt-get', ['update']); // old lists may do: the installation decides
  const code = await run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server']);
  if (code !== 0) throw new LaunchError(`apt-get could not install redis-server (exit code ${code ?? 'none'}).`);
  printer.line('Installed redis-server. Talaria runs a private one on a free port.');
  if (!machine.systemd) return;
  const disabled = await run('systemctl', ['disable', '--now', 'redis-server']);
  if (disabled === 0) printer.line("The package's own service redis-server was stopped and disabled.");
  else printer.warn("the package's own service redis-server may be running on port 6379; Talaria does not use it.");
}

/** Runs commands with their output under the prefix [apt], and ends them when the launcher is stopped. */
export function commandRunner(printer: Printer, env: NodeJS.ProcessEnv, signal: AbortSignal): RunCommand {
  return (command, args) =>
    new Promise((resolve) => {
      const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, signal };
      const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
      const lines = printer.prefixed('apt');
      child.stdout.on('data', (chunk: Uint8Array) => lines.write(chunk));
      child.stderr.on('data', (chunk: Uint8Array) => lines.write(chunk));
      child.once('error', () => resolve(null));
      child.once('close', (code) => {
        lines.end();
        resolve(code);
      });
    });
}
