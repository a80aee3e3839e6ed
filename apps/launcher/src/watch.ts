import { watch } from 'node:fs';
import { join } from 'node:path';
import type { ChildOrder } from './processes/supervise.js';

/** tsc that compiles on change. */
export function compilerOrder(root: string, env: NodeJS.ProcessEnv): ChildOrder {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--watch', '--preserveWatchOutput'];
  return { name: 'tsc', command: process.execPath, args, env, ipc: false, graceMs: 2_000 };
}

/**
 * Calls back once compiled code of apps or libs has changed and nothing more has come for `DEBOUNCE_MS`. Gives back
 * what ends it. `onFailure` hears when the folder can no longer be watched.
 */
export function watchCode(folder: string, onChange: () => void, onFailure: (why: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || !CODE.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, DEBOUNCE_MS);
  });
  watcher.on('error', (cause: NodeJS.ErrnoException) => onFailure(cause.code ?? cause.message));
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

/** Only a person restarts the launcher itself. */
const CODE = /^(libs|apps[\\/](?!launcher)).*\.js$/;
const DEBOUNCE_MS = 300;
