import { toRunError, type PoolShare } from '#libs/contract';
import type { ModelRoutes } from './model-routes.js';

const BEAT_EVERY_MS = 3_000;

export interface PoolBeatParts {
  readonly share: PoolShare;
  readonly workerId: string;
  readonly routes: ModelRoutes;
  /** Reads the settings of models again and applies them. Throws when they are faulty; then nothing has changed. */
  reload(): void;
  onReloaded(): void;
  onReloadFailed(cause: unknown): void;
  onError(cause: unknown): void;
}

/**
 * Renews this worker's places in the pools, reports its observations, and carries out the orders of operators: new
 * settings, and checks of upstreams.
 */
export class PoolBeat {
  private readonly timer: NodeJS.Timeout;
  /** Undefined at first: orders from before this worker's start do not concern it. */
  private generation: number | undefined;
  private reloadError: string | undefined;

  constructor(private readonly parts: PoolBeatParts) {
    this.timer = setInterval(() => void this.beat(), BEAT_EVERY_MS);
    void this.beat();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** May also be called by this process itself. */
  reload(): void {
    try {
      this.parts.reload();
      this.reloadError = undefined;
      this.parts.onReloaded();
    } catch (cause) {
      this.reloadError = cause instanceof Error ? cause.message : String(cause);
      this.parts.onReloadFailed(cause);
    }
  }

  private async beat(): Promise<void> {
    const { share, workerId: worker, routes, onError } = this.parts;
    try {
      const { reloadError, generation = 0 } = this;
      const report = {
        worker,
        generation,
        members: routes.poolReport(),
        ...(reloadError !== undefined && { reloadError }),
      };
      const [orders] = await Promise.all([share.beat(report), routes.lookAtPools()]);
      if (this.generation !== undefined && orders.generation > this.generation) this.reload();
      this.generation = orders.generation;
      await Promise.all(orders.checks.map((upstream) => this.check(upstream)));
    } catch (cause) {
      onError(cause);
    }
  }

  private async check(upstream: string): Promise<void> {
    const { share, routes } = this.parts;
    const found = await routes.check(upstream).then(
      (models) => ({ models }),
      (cause: unknown) => ({ error: toRunError(cause).message }),
    );
    await share.tellCheck(upstream, found);
  }
}
