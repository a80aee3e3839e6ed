import type { ModelsConfig } from '#libs/config';
import { GatewayError, type ModelCandidate, type ModelInfo, type ModelProvider, type ModelRoute } from '#libs/contract';
import { modelRoute, RefusedMemory } from '#libs/providers';

const DISCOVERY_TIMEOUT_MS = 5_000;

/** Where model names lead: configured routes first, then every model that an upstream lists under its own name. */
export class ModelRoutes {
  /** Upstream name -> the models it listed last. */
  private readonly listed = new Map<string, readonly string[]>();
  private readonly refused = new RefusedMemory();

  constructor(
    private readonly config: ModelsConfig,
    private readonly providers: ReadonlyMap<string, ModelProvider>,
    private readonly onDiscoveryFailed: (upstream: string, cause: unknown) => void,
  ) {}

  /** Asks every upstream for its models. An upstream that cannot be asked keeps its last list. */
  async discover(): Promise<void> {
    const ask = async ([name, provider]: [string, ModelProvider]): Promise<void> => {
      try {
        this.listed.set(name, await provider.listModels(AbortSignal.timeout(DISCOVERY_TIMEOUT_MS)));
      } catch (cause) {
        this.onDiscoveryFailed(name, cause);
      }
    };
    await Promise.all([...this.providers].map(ask));
  }

  /** What this worker announces: the default name first, then routes, then discovered models; each name once. */
  models(): ModelInfo[] {
    const { defaultName, routes } = this.config;
    const [first = ''] = this.providers.keys();
    const discovered = [...this.listed].flatMap(([upstream, names]) => names.map((name) => ({ name, upstream })));
    const rows = [{ name: defaultName, upstream: first }, ...routes, ...discovered];
    const byName = new Map<string, ModelInfo>();
    for (const { name, upstream } of rows) if (!byName.has(name)) byName.set(name, { name, upstream });
    return [...byName.values()];
  }

  /**
   * The candidates behind a model name, the fallbacks last.
   * Throws GatewayError `model_not_found` for a name nobody serves, `upstream_unreachable` when the default is unknown
   * because no upstream has listed its models.
   */
  route(name: string): ModelRoute {
    const primary = this.candidate(name) ?? this.unknown(name);
    const route = this.config.routes.find((row) => row.name === name);
    const standIns = (route?.fallback ?? this.config.fallback).filter((other) => other !== name);
    const fallbacks = standIns.flatMap((other) => this.candidate(other) ?? []);
    return modelRoute(name, [primary, ...fallbacks], this.refused);
  }

  private candidate(name: string): ModelCandidate | undefined {
    const route = this.config.routes.find((row) => row.name === name);
    if (route) return this.of(route.upstream, route.model);
    for (const [upstream, names] of this.listed) if (names.includes(name)) return this.of(upstream, name);
    return name === this.config.defaultName ? this.default() : undefined;
  }

  private default(): ModelCandidate {
    const { defaultModel } = this.config;
    const [firstUpstream = ''] = this.providers.keys();
    if (defaultModel !== undefined) {
      const configured = this.config.routes.some((row) => row.name === defaultModel);
      const known = defaultModel !== this.config.defaultName && configured ? this.candidate(defaultModel) : undefined;
      return known ?? this.of(this.lister(defaultModel) ?? firstUpstream, defaultModel);
    }
    for (const [upstream, [first]] of this.listed) if (first !== undefined) return this.of(upstream, first);
    throw new GatewayError('upstream_unreachable', `The upstream '${firstUpstream}' has not listed its models.`);
  }

  private lister(model: string): string | undefined {
    return [...this.listed].find(([, names]) => names.includes(model))?.[0];
  }

  private unknown(name: string): ModelCandidate {
    const [firstUpstream = ''] = this.providers.keys();
    switch (this.config.unknown) {
      case 'default':
        return this.default();
      case 'passthrough':
        return this.of(firstUpstream, name);
      case 'reject':
        throw new GatewayError('model_not_found', `The model '${name}' does not exist.`, { param: 'model' });
    }
  }

  private of(upstream: string, model: string): ModelCandidate {
    const provider = this.providers.get(upstream);
    if (!provider) throw new GatewayError('internal_error', `No upstream is named '${upstream}'.`);
    const rows = this.config.routes.filter((row) => row.upstream === upstream && row.model === model);
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
}
