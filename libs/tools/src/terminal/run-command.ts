import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { LiveTrees } from '../processes/live-trees.js';
import { newMark } from '../processes/marked-processes.js';
import type { ProcessTree } from '../processes/process-group.js';
import { HeadTail } from './head-tail.js';

/** Characters of a command's output that are kept. The characters in between are counted. */
const OUTPUT_CHARS = { head: 20_000, tail: 40_000 };
const PROGRESS_EVERY_MS = 500;
const PROGRESS_CHARS_MAX = 400;
/** Time after the shell's end for output that is still in the pipes. */
const FLUSH_MS = 250;

export interface Command {
  readonly text: string;
  /** Working directory; HOME too. */
  readonly folder: string;
  readonly shell: readonly string[];
  readonly path: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface CommandEnd {
  /** Standard output and standard error in the order in which they came. */
  readonly output: string;
  readonly end:
    | { readonly kind: 'exited'; readonly code: number }
    | { readonly kind: 'signalled'; readonly signal: string }
    | { readonly kind: 'timed_out' }
    | { readonly kind: 'not_started'; readonly why: string };
}

/**
 * Runs one command with the operator's shell, without input and without the worker's environment. When it settles (end
 * of the shell, time-out, abort), everything that the command started is being ended, including background processes.
 * Rejects only with the signal's reason.
 */
export async function runCommand(command: Command, live: LiveTrees): Promise<CommandEnd> {
  command.signal.throwIfAborted();
  const tree = start(command);
  live.add(tree);
  const output = new HeadTail(OUTPUT_CHARS);
  const stopShowing = collect(tree, output, command.progress);
  try {
    const end = await endOf(tree, command);
    return { output: output.toString(), end };
  } finally {
    stopShowing();
    void live.end(tree);
  }
}

function start({ text, folder, shell, path }: Command): ProcessTree {
  const mark = newMark();
  const env = { PATH: path, HOME: folder, PWD: folder, LANG: 'C.UTF-8', TERM: 'dumb', [mark.name]: mark.value };
  const [program = '/bin/sh', ...args] = shell.map((part) => part.replaceAll('{workspace}', folder));
  const child = spawn(program, [...args, text], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, mark: `${mark.name}=${mark.value}` };
}

function collect({ child }: ProcessTree, output: HeadTail, progress: (text: string) => void): () => void {
  let isNew = false;
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream?.on('data', (chunk: Buffer) => {
      output.add(decoder.write(chunk));
      isNew = true;
    });
    // A broken pipe has no further output.
    stream?.on('error', () => undefined);
  }
  const timer = setInterval(() => {
    if (isNew) progress(output.end(PROGRESS_CHARS_MAX));
    isNew = false;
  }, PROGRESS_EVERY_MS);
  return () => {
    clearInterval(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

function endOf({ child }: ProcessTree, { timeoutMs, signal }: Command): Promise<CommandEnd['end']> {
  return new Promise((resolve, reject) => {
    const timers: NodeJS.Timeout[] = [];
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const settle = (how: () => void): void => {
      timers.forEach(clearTimeout);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    const after = (ms: number, end: CommandEnd['end']): void => {
      timers.push(setTimeout(() => settle(() => resolve(end)), ms));
    };
    after(timeoutMs, { kind: 'timed_out' });
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (cause) =>
      settle(() => resolve({ kind: 'not_started', why: String((cause as { code?: string }).code) })),
    );
    child.once('exit', (code, signalName) => {
      const end =
        code === null ? { kind: 'signalled' as const, signal: String(signalName) } : { kind: 'exited' as const, code };
      // `close` waits for the pipes, which a background process may hold open.
      child.once('close', () => settle(() => resolve(end)));
      after(FLUSH_MS, end);
    });
  });
}
