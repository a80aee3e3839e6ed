import type { LineCutter, Printer } from '../console/print.js';
import { SupervisedChild, type ChildOrder, type Exit } from './supervise.js';

/** All children of the launcher, and the messages about their starts and ends. */
export class Crew {
  private readonly children: SupervisedChild[] = [];
  private readonly giveUp = new AbortController();

  constructor(private readonly printer: Printer) {}

  /** Aborted when a child says that its configuration is wrong. */
  get gaveUp(): AbortSignal {
    return this.giveUp.signal;
  }

  /** Starts a child and keeps it alive. `spawned` hears the pid of every life. */
  start(order: ChildOrder, spawned?: (pid: number) => void): SupervisedChild {
    const lines: LineCutter = this.printer.prefixed(order.name);
    const hint = order.hint === undefined ? '' : `, ${order.hint}`;
    const child = new SupervisedChild(order, {
      output: (chunk) => lines.write(chunk),
      outputEnded: () => lines.end(),
      died: (how, againInMs) =>
        this.printer.error(
          `[launcher] ${order.name} ended (${inWords(how)}${hint}); it starts again in ${againInMs} ms`,
        ),
      gaveUp: () => {
        this.printer.error(`[launcher] ${order.name} cannot use its configuration; see its lines above`);
        this.giveUp.abort();
      },
      ...(spawned && { spawned }),
    });
    this.children.push(child);
    child.start();
    return child;
  }

  /** Answers that all children together have under way, as far as they say so within `waitMs`. */
  async running(waitMs: number): Promise<number> {
    const counts = await Promise.all(this.children.map((child) => child.askRunning(waitMs)));
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  restart(name: string): void {
    for (const child of this.children) if (child.name === name) child.restart();
  }

  /** SIGKILL for every one of them. */
  async killAll(): Promise<void> {
    await Promise.all(this.children.map((child) => child.kill()));
  }
}

function inWords({ code, signal, failure }: Exit): string {
  if (failure !== undefined) return `could not be started: ${failure}`;
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
