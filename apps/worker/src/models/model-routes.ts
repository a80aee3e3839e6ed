import type { ModelsConfig, RouteConfig } from '#libs/config';
import {
  GatewayError,
  type MemberReport,
  type ModelCandidate,
  type ModelInfo,
  type ModelProvider,
  type ModelRoute,
  type UpstreamState,
} from '#libs/contract';
import { memberReports } from './member-reports.js';
import { unknownRoute } from './unknown-route.js';
import { UpstreamLists, type ListNews } from './upstream-lists.js';
import { modelRoute, pooledRoute, RefusedMemory, routeChain, UpstreamPool, type PoolParts } from '#libs/providers';

const DISCOVERY_TIMEOUT_MS = 5_000;

/** The destination of a model name. */
interface Target {
  readonly upstream: string;
  readonly model: string;
  /** The entry of `models` that led here. Absent when the name is no entry. */
  readonly entry?: RouteConfig;
}

/** Where model names lead: configured routes first, then every model that an upstream lists under its own name. */
export class ModelRoutes {
  private readonly lists: UpstreamLists;
  private readonly refused = new RefusedMemory();
  /** Pools by the name of their entry, created at the first use. */
  private readonly pools = new Map<string, UpstreamPool>();
  private readonly listeners: (() => void)[] = [];

  /** @param poolParts for models with several upstreams. Absent: only the first upstream is asked. */
  constructor(
    private config: ModelsConfig,
    private providers: ReadonlyMap<string, ModelProvider>,
    news: ListNews,
    private readonly poolParts?: PoolParts,
  ) {
    this.lists = new UpstreamLists(news);
    this.lists.replace(config.upstreams, providers);
  }

  /** Uses other settings for runs that begin from now on. Runs under way keep their routes. */
  replace(config: ModelsConfig, providers: ReadonlyMap<string, ModelProvider>): void {
    this.pools.clear();
    this.config = config;
    this.providers = providers;
    this.lists.replace(config.upstreams, providers);
    this.tell();
  }

  /** Can this worker execute runs of that model? */
  serves(name: string): boolean {
    try {
      return this.targets(name).length > 0;
    } catch {
      return false;
    }
  }

  /** Is there any model that it can execute runs of? */
  hasModels(): boolean {
    return this.config.unknown === 'passthrough' || this.models().length > 0;
  }

  /** `listener` is called whenever the models may be others than before, and once now. */
  watch(listener: () => void): void {
    this.listeners.push(listener);
    listener();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** This worker's observations of the members of its pools. */
  poolReport(): readonly MemberReport[] {
    for (const entry of this.config.routes) this.pool(entry);
    return memberReports([...this.pools.values()].flatMap((pool) => pool.report()));
  }

  /** Looks at the members of all pools. Never rejects. */
  async lookAtPools(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.look()));
  }

  /** See `UpstreamPool.prepare`. undefined: the model has no pool, or the job does not tell the key. */
  prepare({ model = '', affinity }: { model?: string; affinity?: string }): (() => void) | undefined {
    const entry = this.entry(model);
    return entry && affinity !== undefined ? this.pool(entry)?.prepare(affinity) : undefined;
  }

  /** The number of models that an upstream lists now. Throws GatewayError. */
  async check(upstream: string): Promise<number> {
    const provider = this.providers.get(upstream);
    if (!provider) throw new GatewayError('not_found', `No upstream is named '${upstream}'.`);
    return (await provider.listModels(AbortSignal.timeout(DISCOVERY_TIMEOUT_MS))).length;
  }

  /** Asks every upstream for its models. An upstream that cannot be asked keeps its last list. Never rejects. */
  async discover(): Promise<void> {
    await this.lists.askAll();
    this.tell();
  }

  /** Asks those that list nothing and may do so soon. @returns whether there were any. Never rejects. */
  async discoverAway(): Promise<boolean> {
    if (!this.lists.isSomeAway) return false;
    await this.lists.askFailed();
    this.tell();
    return true;
  }

  /** Lets a name that leads nowhere be looked for: an upstream may have come meanwhile. Never rejects. */
  async look(name: string): Promise<void> {
    if (this.serves(name)) return;
    await this.lists.askFailed();
    this.tell();
  }

  upstreams(): readonly UpstreamState[] {
    return this.lists.states();
  }

  /**
   * What this worker announces: the default name first (unless nobody knows yet what it stands for), then routes, then
   * discovered models; each name once.
   */
  models(): ModelInfo[] {
    const { defaultName, routes } = this.config;
    const [first = ''] = this.providers.keys();
    const discovered = this.lists.entries().flatMap(([upstream, names]) => names.map((name) => ({ name, upstream })));
    const own = this.serves(defaultName) ? [{ name: defaultName, upstream: first }] : [];
    const rows = [...own, ...routes, ...discovered];
    const byName = new Map<string, ModelInfo>();
    for (const { name, upstream } of rows) {
      if (!byName.has(name)) byName.set(name, { name, upstream, ...this.bounds(name) });
    }
    return [...byName.values()];
  }

  /**
   * The candidates behind a model name, the fallbacks last.
   * Throws GatewayError `model_not_found` for a name nobody serves, `upstream_unreachable` when the default is unknown
   * because no upstream has listed its models: the failure of the first upstream, with the reason in its words.
   * @param isAlone without the fallbacks
   */
  route(name: string, isAlone = false): ModelRoute {
    const routes: ModelRoute[] = [];
    let single: ModelCandidate[] = [];
    const close = (): void => {
      if (single.length > 0) routes.push(modelRoute(name, single, this.refused));
      single = [];
    };
    for (const target of isAlone ? this.targets(name).slice(0, 1) : this.targets(name)) {
      const pool = target.entry && this.pool(target.entry);
      if (!pool) single.push(this.candidateOf(target));
      else {
        close();
        routes.push(pooledRoute(pool, this.refused));
      }
    }
    close();
    const chain = routeChain(name, routes);
    return this.target(name) ? chain : unknownRoute(chain);
  }

  private pool(entry: RouteConfig): UpstreamPool | undefined {
    const { poolParts } = this;
    if (!entry.pool || !poolParts) return undefined;
    const known = this.pools.get(entry.name);
    if (known) return known;
    const members = entry.pool.map((upstream) => {
      const settings = this.config.upstreams.find((row) => row.name === upstream);
      const { weight = 1, priority = 0, inFlightMax } = settings ?? {};
      const candidate = this.candidateOf({ upstream, model: entry.model, entry });
      return { candidate, weight, priority, ...(inFlightMax !== undefined && { inFlightMax }) };
    });
    const pool = new UpstreamPool(entry.name, members, poolParts);
    this.pools.set(entry.name, pool);
    return pool;
  }

  /** Known bounds of a model's window and answers. Empty while its name leads nowhere. */
  private bounds(name: string): Pick<ModelInfo, 'contextTokens' | 'outputTokens'> {
    const entry = this.entry(name);
    const target = entry ? { upstream: entry.upstream, model: entry.model, entry } : this.knownTarget(name);
    const rows = target ? this.rowsOf(target) : [];
    const contextTokens = rows.find((row) => row.contextTokens !== undefined)?.contextTokens;
    const outputTokens = rows.find((row) => row.outputTokens !== undefined)?.outputTokens;
    return {
      ...(contextTokens !== undefined && { contextTokens }),
      ...(outputTokens !== undefined && { outputTokens }),
    };
  }

  private knownTarget(name: string): Target | undefined {
    try {
      return this.target(name);
    } catch {
      // The default is unknown until an upstream has listed its models.
      return undefined;
    }
  }

  /**
   * For each candidate behind a model name, in the order of `route`: the names of the entries of `models` whose limits
   * apply to it. That is the entry that the name leads to. A model that is reached without an entry (by the default
   * name, or by the upstream's own name) has the limits of all entries for it. Throws like `route`.
   */
  entries(name: string): string[][] {
    return this.targets(name).map((target) => {
      const rows = target.entry ? [target.entry] : this.entriesFor(target);
      return rows.map((row) => row.name);
    });
  }

  private targets(name: string): Target[] {
    const primary = this.target(name) ?? this.unknown(name);
    const standIns = (this.entry(name)?.fallback ?? this.config.fallback).filter((other) => other !== name);
    return [primary, ...standIns.flatMap((other) => this.target(other) ?? [])];
  }

  private target(name: string): Target | undefined {
    const entry = this.entry(name);
    if (entry) return { upstream: entry.upstream, model: entry.model, entry };
    for (const [upstream, names] of this.lists.entries()) if (names.includes(name)) return { upstream, model: name };
    return name === this.config.defaultName ? this.default() : undefined;
  }

  private default(): Target {
    const { defaultModel, defaultName } = this.config;
    const [firstUpstream = ''] = this.providers.keys();
    if (defaultModel !== undefined) {
      const known = defaultModel !== defaultName && this.entry(defaultModel) ? this.target(defaultModel) : undefined;
      return known ?? { upstream: this.lister(defaultModel) ?? firstUpstream, model: defaultModel };
    }
    for (const [upstream, [first]] of this.lists.entries()) if (first !== undefined) return { upstream, model: first };
    const failure = this.lists.failureOf(firstUpstream);
    if (failure) throw failure;
    if (this.lists.entries().length > 0) {
      throw new GatewayError('model_not_found', 'No model is served: name one that an upstream has.', {
        param: 'model',
      });
    }
    throw notAskedYet(firstUpstream);
  }

  private lister(model: string): string | undefined {
    return this.lists.entries().find(([, names]) => names.includes(model))?.[0];
  }

  private unknown(name: string): Target {
    const [firstUpstream = ''] = this.providers.keys();
    switch (this.config.unknown) {
      case 'default':
        return this.default();
      case 'passthrough':
        return { upstream: firstUpstream, model: name };
      case 'reject':
        throw new GatewayError('model_not_found', `The model '${name}' does not exist.`, { param: 'model' });
    }
  }

  private candidateOf(target: Target): ModelCandidate {
    const { upstream, model } = target;
    const provider = this.providers.get(upstream);
    if (!provider) throw new GatewayError('internal_error', `No upstream is named '${upstream}'.`);
    const rows = this.rowsOf(target);
    const window = rows.find(({ contextTokens }) => contextTokens !== undefined)?.contextTokens;
    const bound = rows.find(({ outputTokens }) => outputTokens !== undefined)?.outputTokens;
    const retriesMax = this.config.upstreams.find((row) => row.name === upstream)?.retriesMax ?? 0;
    return {
      provider,
      model,
      retriesMax,
      ...(window !== undefined && { contextTokens: window }),
      ...(bound !== undefined && { outputTokensDefault: bound }),
    };
  }

  /** Values that the entry itself lacks are taken from other entries for the same model. */
  private rowsOf(target: Target): readonly RouteConfig[] {
    return [...(target.entry ? [target.entry] : []), ...this.entriesFor(target)];
  }

  private entry(name: string): RouteConfig | undefined {
    return this.config.routes.find((row) => row.name === name);
  }

  private entriesFor({ upstream, model }: Target): RouteConfig[] {
    return this.config.routes.filter((row) => row.model === model && (row.pool ?? [row.upstream]).includes(upstream));
  }
}

const notAskedYet = (upstream: string): GatewayError =>
  new GatewayError('upstream_unreachable', `The upstream '${upstream}' has not listed its models yet.`);
