import {
  fromRunError,
  GatewayError,
  LIMITS,
  type ModelInfo,
  type ToolInfo,
  toRunError,
  type UpstreamState,
  type WorkerInfo,
  type WorkerRegistry,
} from '#libs/contract';
import type { AliasConfig } from '#libs/config';
import type { Logger } from '#libs/platform';
import type { ListedModel } from '#libs/protocols';
import { API_LIMITS } from '../words/api-limits.js';
import type { WorkersSeen, WorkerWatch } from './worker-watch.js';
import { modelsOf, toolInfosOf, upstreamsOf, whyNone } from './worker-facts.js';

interface Snapshot {
  readonly models: ReadonlyMap<string, ModelInfo>;
  /** Names of the server tools. */
  readonly tools: ReadonlySet<string>;
  readonly toolInfos: readonly ToolInfo[];
  /** There are workers, and each has told its tools. */
  readonly tellsTools: boolean;
  /** Whether other names may be requested. */
  readonly acceptsUnknown: boolean;
  readonly workersHeard: number;
  readonly seen: WorkersSeen;
  /** What they know of the servers of models; of each, the best that one of them knows. */
  readonly upstreams: readonly UpstreamState[];
  /** Runs that the workers alive execute at the same time. */
  readonly slots: number;
}

const NOBODY: Snapshot = {
  models: new Map(),
  tools: new Set(),
  toolInfos: [],
  tellsTools: false,
  acceptsUnknown: false,
  workersHeard: 0,
  seen: { alive: 0, able: 0 },
  upstreams: [],
  slots: 0,
};

/**
 * The available models and tools, as workers announce them. Read again every two seconds and when a name is missing. In
 * between, and while Redis is away, the last result counts.
 */
export class ModelDirectory {
  private snapshot: Snapshot | undefined;
  private reading: Promise<Snapshot> | undefined;
  private readonly timer: NodeJS.Timeout;

  private readonly defaultName: string;
  private readonly rememberedMs: number;
  private aliases: readonly AliasConfig[];

  /**
   * @param names `defaultName`: the advertised default model; may always be asked for, it waits until a worker comes.
   * `aliases`: what names mean that nobody serves. Absent: nothing. `rememberedSeconds`: how long models whose workers
   * have gone count while others live; absent: not at all.
   * @param watch told of every look at the workers.
   */
  constructor(
    private readonly registry: Pick<WorkerRegistry, 'list'>,
    {
      defaultName,
      aliases = [],
      rememberedSeconds = 0,
    }: {
      readonly defaultName: string;
      readonly aliases?: readonly AliasConfig[] | undefined;
      readonly rememberedSeconds?: number;
    },
    private readonly logger: Logger,
    private readonly watch?: Pick<WorkerWatch, 'looked' | 'lookFailed'>,
  ) {
    this.defaultName = defaultName;
    this.aliases = aliases;
    this.rememberedMs = rememberedSeconds * 1_000;
    this.timer = setInterval(() => this.refreshInBackground(), API_LIMITS.modelsRefreshMs);
    this.timer.unref();
    this.refreshInBackground();
  }

  /** Runs that all workers together can execute at the same time, at the last read; 0 before the first. */
  get slots(): number {
    return this.snapshot?.slots ?? 0;
  }

  /** Number of living workers at the last read; 0 before the first. */
  get workersAlive(): number {
    return this.snapshot?.seen.alive ?? 0;
  }

  /**
   * The model for which a run is queued. Throws GatewayError `model_not_found`, or `unavailable` when no worker was
   * ever known, so that the name cannot be checked.
   */
  async resolve(name: string | null): Promise<string> {
    const model = name === null || this.snapshot?.models.has(name) ? undefined : aliasOf(this.aliases, name);
    return this.resolveServed(model ?? name);
  }

  /** Uses other aliases from now on. */
  rename(aliases: readonly AliasConfig[]): void {
    this.aliases = aliases;
  }

  private async resolveServed(name: string | null): Promise<string> {
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
    throw notServed(name, fresh);
  }

  /** The default first, then the others by name. */
  async list(): Promise<readonly ListedModel[]> {
    const { models } = this.snapshot ?? (await this.refresh());
    const others = [...models.values()].filter(({ name }) => name !== this.defaultName);
    others.sort((a, b) => (a.name < b.name ? -1 : 1));
    const rest = others.map(({ name, upstream, ...bounds }) => ({ name, ownedBy: upstream, ...boundsOf(bounds) }));
    return [{ name: this.defaultName, ownedBy: 'talaria', ...boundsOf(models.get(this.defaultName) ?? {}) }, ...rest];
  }

  /** Throws GatewayError `model_not_found`. */
  async get(name: string): Promise<ListedModel> {
    const find = async (): Promise<ListedModel | undefined> => (await this.list()).find((model) => model.name === name);
    const known = await find();
    if (known) return known;
    const fresh = await this.refresh();
    const found = await find();
    if (found) return found;
    throw notServed(name, fresh);
  }

  /** Names of the tools that workers execute, sorted. */
  async toolNames(): Promise<readonly string[]> {
    const { tools } = this.snapshot ?? (await this.refresh());
    return [...tools].sort();
  }

  /** The tools that workers execute, sorted by name. */
  async toolInfos(): Promise<readonly ToolInfo[]> {
    const { toolInfos } = this.snapshot ?? (await this.refresh());
    return toolInfos;
  }

  /**
   * Refuses a caller's function with the name of a server tool, because it would be unclear which of them a call means.
   * Uses the last read. The agent's toolbox hides a server tool that is newer than that behind the caller's function.
   * Throws GatewayError `invalid_request`.
   */
  async assertNoServerTool(tools: readonly { readonly name: string }[]): Promise<void> {
    if (tools.length === 0) return;
    const known = this.snapshot ?? (await this.refresh());
    const index = tools.findIndex(({ name }) => known.tools.has(name));
    if (index < 0) return;
    throw new GatewayError(
      'invalid_request',
      `The function ${JSON.stringify(tools[index]?.name)} has the name of a tool of this server; choose another name.`,
      { param: `tools[${index}]` },
    );
  }

  /**
   * Throws GatewayError `invalid_request` for a server tool that no worker offers. Throws for none while no worker is
   * known.
   */
  async assertServerTools(names: readonly string[]): Promise<void> {
    const missingIn = ({ tools, tellsTools }: Snapshot): string | undefined =>
      tellsTools ? names.find((name) => !tools.has(name)) : undefined;
    if (names.length === 0 || (this.snapshot?.tellsTools && missingIn(this.snapshot) === undefined)) return;
    const missing = missingIn(await this.refresh());
    if (missing === undefined) return;
    throw new GatewayError('invalid_request', `This server has no tool ${JSON.stringify(missing)}.`, {
      param: 'tools',
    });
  }

  /**
   * Throws GatewayError `invalid_request` that names `param` when something that may answer under a resolved model name
   * has no price, as far as the workers know.
   */
  async assertPriced(model: string, param: string): Promise<void> {
    const isPriced = ({ models }: Snapshot): boolean => models.get(model)?.isPriced === true;
    if (this.snapshot && isPriced(this.snapshot)) return;
    if (isPriced(await this.refresh())) return;
    const message = `'${param}' needs a price: the model ${JSON.stringify(model)} has none.`;
    throw new GatewayError('invalid_request', message, { param });
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** One read at a time, however many requests miss a name. */
  private refresh(): Promise<Snapshot> {
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async read(): Promise<Snapshot> {
    const heard = await this.registry.list().catch((cause: unknown) => {
      this.watch?.lookFailed();
      throw cause;
    });
    const snapshot = summarize(heard, this.rememberedMs);
    this.snapshot = snapshot;
    this.watch?.looked(snapshot.seen);
    return snapshot;
  }

  private refreshInBackground(): void {
    this.refresh().catch((cause: unknown) =>
      this.logger.debug({ error: toRunError(cause) }, 'the workers could not be listed'),
    );
  }
}

function summarize(heard: Awaited<ReturnType<WorkerRegistry['list']>>, rememberedMs: number): Snapshot {
  const alive = heard.filter(({ silentMs }) => silentMs <= LIMITS.workerSilentMsMax);
  const able = alive.filter(({ info }) => canServe(info));
  // With nobody alive the last known ones count: their runs wait until one comes back. Beside the living, those that
  // were there a moment ago: the worker that takes their place may be on its way.
  const counting = heard.filter(
    ({ silentMs }) => able.length === 0 || silentMs <= Math.max(LIMITS.workerSilentMsMax, rememberedMs),
  );
  const infos: readonly WorkerInfo[] = counting.map(({ info }) => info);
  if (infos.length === 0) return NOBODY;
  return {
    models: modelsOf(infos),
    // A worker of an earlier version does not announce its tools.
    tools: new Set(infos.flatMap((info) => info.tools ?? [])),
    toolInfos: toolInfosOf(infos),
    tellsTools: infos.every((info) => info.tools !== undefined),
    acceptsUnknown: infos.some((info) => info.unknownModels !== 'reject'),
    workersHeard: heard.length,
    seen: { alive: alive.length, able: able.length, ...whyNone(alive.map(({ info }) => info)) },
    upstreams: upstreamsOf(infos),
    // Places of a worker that has missed a heartbeat may be gone: runs for them would go before all that wait.
    slots: alive
      .filter(({ silentMs }) => silentMs <= API_LIMITS.workerLateMsMax)
      .reduce((sum, { info }) => sum + info.capacity, 0),
  };
}

/** A worker without a model announces no place, and takes no run. */
const canServe = ({ capacity, models, unknownModels }: WorkerInfo): boolean =>
  capacity > 0 && (models.length > 0 || unknownModels === 'passthrough');

type Bounds = Pick<ListedModel, 'contextTokens' | 'outputTokens'>;

const boundsOf = ({ contextTokens, outputTokens }: Bounds): Bounds => ({
  ...(contextTokens !== undefined && { contextTokens }),
  ...(outputTokens !== undefined && { outputTokens }),
});

/** The meaning of a name that no worker serves: the first alias that matches. */
function aliasOf(aliases: readonly AliasConfig[], asked: string): string | undefined {
  const fits = ({ name }: AliasConfig): boolean =>
    name.endsWith('*') ? asked.startsWith(name.slice(0, -1)) : asked === name;
  return aliases.find(fits)?.model;
}

/** A name that no upstream lists. An upstream that has not told its models may have it: then its failure is said. */
function notServed(name: string, { upstreams }: Snapshot): GatewayError {
  const silent = upstreams.find(({ models, error }) => models === 0 && error);
  if (!silent?.error) return modelNotFound(name);
  const message = `The model ${JSON.stringify(name)} is not known. ${silent.error.message}`;
  const { code } = upstreams.some(({ models }) => models > 0) ? modelNotFound(name) : fromRunError(silent.error);
  return new GatewayError(code, message, { param: 'model' });
}

const modelNotFound = (name: string): GatewayError =>
  new GatewayError('model_not_found', `The model ${JSON.stringify(name)} does not exist.`, { param: 'model' });
