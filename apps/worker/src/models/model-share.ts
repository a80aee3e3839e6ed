import type { RunJob } from '#libs/bus';
import { LIMITS, type RunJournal, type WorkerRegistry } from '#libs/contract';

/** Age at which the list of workers is read again. */
const LIST_MS_MAX = 1_000;
const FIRST_LOOK_MS = 20;
const LOOK_MS_MAX = 1_000;

export interface ModelShareParts {
  readonly workerId: string;
  readonly registry: Pick<WorkerRegistry, 'list'>;
  /** For jobs that do not name their model. */
  readonly log: Pick<RunJournal, 'spec'>;
  /** Can this worker execute runs of that model? */
  serves(model: string): boolean;
  /** How long a run whose model no living worker has waits for one, in seconds. */
  readonly waitSeconds: number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Which runs are for this worker. Workers may have different models: during a rollout, when an upstream could not be
 * asked for its list, or because a deployment has a pool of workers for each. A run of a model that this one lacks is
 * handed on, before anything of it is claimed; a run that no living worker has the model of waits `waitSeconds` for
 * one, and is then taken, so that it ends with the error that says why.
 */
export class ModelShare {
  private heard: Promise<readonly ((model: string) => boolean)[]> | undefined;
  private heardAt = -Infinity;

  constructor(private readonly parts: ModelShareParts) {}

  /**
   * undefined: the run is this worker's. Else another worker should look at it after so many milliseconds. Rejects
   * with GatewayError `queue_unavailable`; the queue then brings the job again.
   */
  handOnMs(job: Pick<RunJob, 'runId' | 'model' | 'misses' | 'unservedSince'>): Promise<number | undefined> | undefined {
    return job.model !== undefined && this.parts.serves(job.model) ? undefined : this.look(job);
  }

  private async look({ runId, misses = 0, unservedSince, ...job }: Parameters<ModelShare['handOnMs']>[0]) {
    const { log, serves, waitSeconds, now } = this.parts;
    // A run without an order is over, or was never opened: whoever claims it finds out.
    const model = job.model ?? (await log.spec(runId))?.model;
    if (model === undefined || serves(model)) return undefined;
    const others = await this.others();
    // Rarer with each miss: the workers that have the model may be full for a long time.
    if (others.some((has) => has(model))) return Math.min(FIRST_LOOK_MS * 2 ** Math.min(misses, 10), LOOK_MS_MAX);
    const waitedMs = unservedSince === undefined ? 0 : now() - unservedSince;
    return waitedMs < waitSeconds * 1_000 ? LOOK_MS_MAX : undefined;
  }

  /** What other living workers have; read at most once a second, however many runs ask. */
  private others(): Promise<readonly ((model: string) => boolean)[]> {
    const now = this.parts.now();
    if (this.heard === undefined || now - this.heardAt > LIST_MS_MAX) {
      this.heardAt = now;
      this.heard = this.read();
      this.heard.catch(() => (this.heard = undefined));
    }
    return this.heard;
  }

  private async read(): Promise<readonly ((model: string) => boolean)[]> {
    const heard = await this.parts.registry.list();
    const alive = heard.filter(
      ({ info, silentMs }) => info.id !== this.parts.workerId && silentMs <= LIMITS.workerSilentMsMax,
    );
    return alive.map(({ info: { models, unknownModels } }) => {
      const names = new Set(models.map(({ name }) => name));
      // A worker that passes every name on needs no list.
      const takesAny = unknownModels === 'passthrough' || (names.size > 0 && unknownModels !== 'reject');
      return (model) => takesAny || names.has(model);
    });
  }
}
