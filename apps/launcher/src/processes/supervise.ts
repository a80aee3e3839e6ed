import { ASK_RUNNING, EXIT_CONFIG } from '#libs/contract';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What to run, and how to end it. */
export interface ChildOrder {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Written to its standard input at every start: what must not stand among its arguments. */
  readonly input?: string;
  /** Opens an IPC channel. The child ends when it closes, so that it does not outlive a launcher that was killed. */
  readonly ipc: boolean;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly backoff?: Backoff;
  /** Where to look when it dies. */
  readonly hint?: string;
}

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A child that lived this long starts with the first pause again. */
  readonly resetAfterMs: number;
}

export interface ChildEvents {
  output(chunk: Uint8Array): void;
  /** The output of this life is over. */
  outputEnded?(): void;
  spawned?(pid: number): void;
  /** It ended by itself and is started again after `againInMs`. */
  died(how: Exit, againInMs: number): void;
  /** Its first life ended with EXIT_CONFIG. */
  gaveUp(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Code of a start that failed (ENOENT). */
  readonly failure?: string;
}

const BACKOFF: Backoff = { firstMs: 250, maxMs: 10_000, resetAfterMs: 30_000 };
/** How long the output of a dead child may take to arrive while a grandchild still holds the pipe. */
const OUTPUT_GRACE_MS = 500;

type State = 'running' | 'waiting' | 'restarting' | 'stopping' | 'stopped' | 'gave_up';

/**
 * The lives of one child process.
 *
 *   running    --exits-->           waiting     (gave_up, when the first life ends with EXIT_CONFIG)
 *   waiting    --time is up-->      running
 *   running    --restart()-->       restarting  --exits--> running
 *   any        --stop(), kill()-->  stopping    --exits--> stopped
 *
 * Children have process groups of their own: Ctrl-C in a terminal reaches every process of the foreground group, and
 * would end Redis before the services that still write to it.
 */
export class SupervisedChild {
  private state: State = 'stopped';
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private delayMs: number;
  private startedAt = 0;
  private lives = 0;
  private readonly backoff: Backoff;

  constructor(
    private readonly order: ChildOrder,
    private readonly events: ChildEvents,
  ) {
    this.backoff = order.backoff ?? BACKOFF;
    this.delayMs = this.backoff.firstMs;
  }

  get name(): string {
    return this.order.name;
  }

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { command, args, env, ipc, input } = this.order;
    const stdio = [
      input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(ipc ? (['ipc'] as const) : []),
    ] as const;
    const child = spawn(command, args, { env: { ...env }, stdio: [...stdio], detached: true });
    this.child = child;
    this.state = 'running';
    this.startedAt = Date.now();
    this.lives += 1;
    // A child that dies before it has read all of it is told by its exit.
    child.stdin?.on('error', () => undefined).end(input);
    child.stdout?.on('data', (chunk: Uint8Array) => this.events.output(chunk));
    child.stderr?.on('data', (chunk: Uint8Array) => this.events.output(chunk));
    child.once('close', () => this.events.outputEnded?.());
    child.once('exit', (code, signal) => this.onExit({ code, signal }));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      if (child.pid === undefined) this.onExit({ code: null, signal: null, failure: cause.code ?? 'unknown error' });
    });
    if (child.pid !== undefined) this.events.spawned?.(child.pid);
  }

  /**
   * Asks the child over its IPC channel how many answers it has under way. Undefined when it does not run, has no
   * channel, or says nothing within `waitMs`.
   */
  async askRunning(waitMs: number): Promise<number | undefined> {
    const { child } = this;
    if (child?.connected !== true) return undefined;
    const answer = new Promise<number | undefined>((resolve) => {
      child.on('message', (message) => {
        const { running } = message as { running?: unknown };
        if (typeof running === 'number') resolve(running);
      });
      child.once('exit', () => resolve(undefined));
      child.send(ASK_RUNNING, (cause) => cause && resolve(undefined));
    });
    return Promise.race([answer, sleep(waitMs, undefined, { ref: false })]);
  }

  /** Ends this life, if it is running, and begins the next one. */
  restart(): void {
    this.delayMs = this.backoff.firstMs;
    if (this.state === 'waiting') {
      clearTimeout(this.timer);
      this.start();
    } else if (this.state === 'running') {
      this.state = 'restarting';
      void this.terminate();
    }
  }

  /** SIGTERM, after the grace SIGKILL. Resolves when it is gone and its output has been passed on. */
  async stop(): Promise<void> {
    await this.end(() => this.terminate());
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.end(async (child) => {
      child.kill('SIGKILL');
      await ended(child);
    });
  }

  private async end(how: (child: ChildProcess) => Promise<void>): Promise<void> {
    clearTimeout(this.timer);
    const { child } = this;
    if (!child) {
      this.state = 'stopped';
      return;
    }
    this.state = 'stopping';
    const closed = new Promise((resolve) => child.once('close', resolve));
    await how(child);
    await Promise.race([closed, sleep(OUTPUT_GRACE_MS, undefined, { ref: false })]);
  }

  private async terminate(): Promise<void> {
    const { child } = this;
    if (!child) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), this.order.graceMs);
    await ended(child);
    clearTimeout(late);
  }

  private onExit(exit: Exit): void {
    this.child = undefined;
    switch (this.state) {
      case 'stopping':
        this.state = 'stopped';
        return;
      case 'restarting':
        this.start();
        return;
      case 'running':
        this.onDeath(exit);
        return;
      case 'waiting':
      case 'stopped':
      case 'gave_up':
        return;
    }
  }

  private onDeath(exit: Exit): void {
    if (exit.code === EXIT_CONFIG && this.lives === 1) {
      this.state = 'gave_up';
      this.events.gaveUp();
      return;
    }
    if (Date.now() - this.startedAt >= this.backoff.resetAfterMs) this.delayMs = this.backoff.firstMs;
    this.state = 'waiting';
    this.timer = setTimeout(() => this.start(), this.delayMs);
    this.events.died(exit, this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, this.backoff.maxMs);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}
