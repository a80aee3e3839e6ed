import type { ModelInfo, WorkerInfo, WorkerRegistry } from '#libs/bus';
import { GatewayError, toRunError } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { API_LIMITS } from '../api-limits.js';

/** A model that may be asked for. */
export interface ListedModel {
  readonly name: string;
  readonly ownedBy: string;
}

interface Snapshot {
  readonly models: ReadonlyMap<string, ModelInfo>;
  /** May other names be asked for? */
  readonly acceptsUnknown: boolean;
  readonly workersHeard: number;
  readonly workersAlive: number;
}

const NOBODY: Snapshot = { models: new Map(), acceptsUnknown: false, workersHeard: 0, workersAlive: 0 };

/**
 * Which models can be asked for, from what the workers say of themselves. Read anew every two seconds and when a name is
 * missing; in between, and while Redis is away, the last answer holds.
 */
export class ModelDirectory {
  private snapshot: Snapshot | undefined;
  private reading: Promise<Snapshot> | undefined;
  private readonly timer: NodeJS.Timeout;

  /** @param defaultName the advertised default model; may always be asked for, it waits until a worker comes. */
  constructor(
    private readonly registry: Pick<WorkerRegistry, 'list'>,
    private readonly defaultName: string,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => this.refreshInBackground(), API_LIMITS.modelsRefreshMs);
    this.timer.unref();
    this.refreshInBackground();
  }

  /** As of the last look; 0 before the first. */
  get workersAlive(): number {
    return this.snapshot?.workersAlive ?? 0;
  }

  /**
   * The model a run is queued for. Throws GatewayError `model_not_found`, or `unavailable` when no worker was ever heard of
   * and nobody can know the name.
   */
  async resolve(name: string | null): Promise<string> {
    if (name === null || name === this.defaultName) return this.defaultName;
    const cached = this.snapshot;
    if (cached && (cached.models.has(name) || cached.acceptsUnknown)) return name;
    const fresh = await this.refresh();
    if (fresh.models.has(name) || fresh.acceptsUnknown) return name;
    if (fresh.workersHeard === 0) {
      throw new GatewayError('unavailable', 'No worker has started yet, so this model cannot be served.', {
        retryAfterSeconds: 5,
        param: 'model',
      });
    }
    throw modelNotFound(name);
  }

  /** The default first, then the others by name. */
  async list(): Promise<readonly ListedModel[]> {
    const { models } = this.snapshot ?? (await this.refresh());
    const others = [...models.values()].filter(({ name }) => name !== this.defaultName);
    others.sort((a, b) => (a.name < b.name ? -1 : 1));
    const rest = others.map(({ name, upstream }) => ({ name, ownedBy: upstream }));
    return [{ name: this.defaultName, ownedBy: 'talaria' }, ...rest];
  }

  /** Throws GatewayError `model_not_found`. */
  async get(name: string): Promise<ListedModel> {
    const find = async (): Promise<ListedModel | undefined> => (await this.list()).find((model) => model.name === name);
    const known = await find();
    if (known) return known;
    await this.refresh();
    const found = await find();
    if (found) return found;
    throw modelNotFound(name);
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** One read at a time, however many miss a name. */
  private refresh(): Promise<Snapshot> {
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<Snapshot> {
    this.snapshot = summarize(await this.registry.list());
    return this.snapshot;
  }

  private refreshInBackground(): void {
    this.refresh().catch((cause: unknown) =>
      this.logger.debug({ error: toRunError(cause) }, 'the workers could not be listed'),
    );
  }
}

function summarize(heard: Awaited<ReturnType<WorkerRegistry['list']>>): Snapshot {
  const alive = heard.filter(({ silentMs }) => silentMs <= API_LIMITS.workerSilentMsMax);
  // With nobody alive the last known ones count: their runs wait until one comes back.
  const infos: readonly WorkerInfo[] = (alive.length > 0 ? alive : heard).map(({ info }) => info);
  if (infos.length === 0) return NOBODY;
  return {
    models: new Map(infos.flatMap((info) => info.models.map((model) => [model.name, model] as const))),
    acceptsUnknown: infos.some((info) => info.unknownModels !== 'reject'),
    workersHeard: heard.length,
    workersAlive: alive.length,
  };
}

const modelNotFound = (name: string): GatewayError =>
  new GatewayError('model_not_found', `The model ${JSON.stringify(name)} does not exist.`, { param: 'model' });
