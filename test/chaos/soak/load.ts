import { setTimeout as sleep } from 'node:timers/promises';
import { audit, type Audit, type Watched } from '../audit.js';
import { Lab } from '../lab.js';
import { Reading } from '../reading.js';
import { submit } from '../submit.js';
import type { Random } from './random.js';

interface Visit {
  readonly weight: number;
  readonly model: string;
  /** Leaves in the middle, and wants the run to be cancelled. */
  readonly leaves?: boolean;
}

const VISITS: readonly Visit[] = [
  { weight: 6, model: 'ok:n=20,gap=20' },
  { weight: 6, model: 'ok:n=100,gap=50' },
  { weight: 3, model: 'ok:n=200,gap=50' },
  { weight: 4, model: 'ok:n=100,gap=50,vary=1' },
  { weight: 2, model: 'reasoning:n=50,gap=20' },
  { weight: 3, model: 'tools:n=50,gap=20' },
  { weight: 3, model: 'ok:n=400,gap=50', leaves: true },
  { weight: 1, model: 'cut:after=3' },
  { weight: 1, model: 'hang:after=3' },
  { weight: 1, model: 'error-in-stream:after=2' },
  { weight: 1, model: '503:times=1' },
  { weight: 1, model: '429:ra=1,times=2' },
];

/**
 * What clients saw over the whole soak. A run is audited as soon as it has been read, and only its figures are kept.
 */
export class Load {
  readonly runs = new Map<string, { readonly events: number }>();
  readonly totals = { deliveries: 0, connects: 0, lost: 0, doubled: 0, altered: 0 };
  readonly ends: Record<string, number> = {};
  readonly problems: string[] = [];
  private isOver = false;

  constructor(
    private readonly lab: Lab,
    private readonly random: Random,
  ) {}

  /**
   * So many clients, one run after the other each, until `stop` is called. Resolves when all have read their last run.
   */
  async visit(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.client()));
  }

  stop(): void {
    this.isOver = true;
  }

  private async client(): Promise<void> {
    while (!this.isOver) {
      try {
        await this.once(this.random.pick(VISITS));
      } catch (cause) {
        this.problems.push(cause instanceof Error ? cause.message : String(cause));
        this.lab.signal.throwIfAborted();
        await sleep(500);
      }
    }
  }

  private async once({ model, leaves = false }: Visit): Promise<void> {
    const { lab } = this;
    const onDisconnect = leaves ? 'cancel' : 'continue';
    const run = await submit(lab.addresses, { model, onDisconnect, signal: lab.signal });
    const readings = [0, 1].map((turn) => new Reading(run.runId, lab.addresses, turn));
    const ends = readings.map((reading) => reading.toEnd(lab.signal));
    if (leaves) {
      await sleep(1_000);
      run.chat.leave();
    }
    await Promise.all([...ends, run.chat.ended]);
    await this.settle({ run, readings });
  }

  private async settle(watched: Watched): Promise<void> {
    const found: Audit = await audit(this.lab.redis, [watched]);
    const { runId } = watched.run;
    this.runs.set(runId, { events: await this.lab.redis.xlen(`talaria:{${runId}}:log`) });
    for (const name of Object.keys(this.totals) as (keyof typeof this.totals)[]) this.totals[name] += found[name];
    for (const [end, count] of Object.entries(found.ends)) this.ends[end] = (this.ends[end] ?? 0) + count;
    this.problems.push(...found.problems);
  }
}
