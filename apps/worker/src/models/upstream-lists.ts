import {
  toRunError,
  type GatewayError,
  type ModelProvider,
  type UpstreamSettings,
  type UpstreamState,
} from '#libs/contract';
import { addressOf, emptyList, whyNoList } from '#libs/providers';

const LIST_MS_MAX = 5_000;
/** Requests that find no model ask for the lists; no more often than this. */
const ASK_AGAIN_MS_MIN = 1_000;

/** How a question ends for whose key there was no login yet; a renewal under way takes longer than the question may. */
const WITHOUT_KEY: ReadonlySet<string> = new Set(['upstream_auth_failed', 'upstream_timeout']);

/** What happens to lists of models. Each is told once, however often an upstream is asked. */
export interface ListNews {
  failed(upstream: string, error: GatewayError): void;
  /** `models` are listed by an upstream that was not asked before, or that had failed (`again`). */
  listed(upstream: string, models: number, again: boolean): void;
}

interface Asked {
  readonly settings: UpstreamSettings;
  readonly provider: ModelProvider;
}

/** Which models each upstream lists, and why one lists none. */
export class UpstreamLists {
  private readonly known = new Map<string, readonly string[]>();
  private readonly failures = new Map<string, GatewayError>();
  private upstreams: ReadonlyMap<string, Asked> = new Map();
  private asking: Promise<void> | undefined;
  /** On the clock of `performance`. */
  private askedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly news: ListNews) {}

  /** Other upstreams from now on; what is known of those that stay is kept. */
  replace(upstreams: readonly UpstreamSettings[], providers: ReadonlyMap<string, ModelProvider>): void {
    const pairs = upstreams.flatMap((settings) => {
      const provider = providers.get(settings.name);
      return provider ? [[settings.name, { settings, provider }] as const] : [];
    });
    this.upstreams = new Map(pairs);
    for (const lists of [this.known, this.failures]) {
      for (const name of lists.keys()) if (!this.upstreams.has(name)) lists.delete(name);
    }
  }

  /** Upstream name and the models it listed last, in the order of the settings. */
  entries(): readonly (readonly [string, readonly string[]])[] {
    return [...this.upstreams.keys()].flatMap((name) => {
      const models = this.known.get(name);
      return models ? [[name, models] as const] : [];
    });
  }

  /** Why a model of this upstream cannot be found. Undefined: it has told its models, or was not asked yet. */
  failureOf(upstream: string): GatewayError | undefined {
    return this.failures.get(upstream);
  }

  states(): readonly UpstreamState[] {
    return [...this.upstreams.values()].map(({ settings }) => {
      const { name } = settings;
      const address = addressOf(settings);
      const failure = this.failures.get(name);
      const models = this.known.get(name)?.length ?? 0;
      return {
        name,
        models,
        ...(address !== undefined && { address }),
        ...(failure && { error: toRunError(failure) }),
      };
    });
  }

  /** Asks every upstream for its models. One that cannot be asked keeps its last list. Never rejects. */
  async askAll(): Promise<void> {
    await Promise.all([...this.upstreams.keys()].map((name) => this.ask(name)));
  }

  /**
   * Asks the upstreams that list nothing now. Whoever comes while that is under way waits for the same answers; soon
   * after it nobody is asked again. Never rejects.
   */
  askFailed(): Promise<void> {
    if (this.asking) return this.asking;
    if (performance.now() - this.askedAt < ASK_AGAIN_MS_MIN) return Promise.resolve();
    const names = [...this.upstreams.keys()].filter((name) => this.failures.has(name) || !this.known.has(name));
    this.asking = Promise.all(names.map((name) => this.ask(name))).then(() => {
      this.asking = undefined;
      this.askedAt = performance.now();
    });
    return this.asking;
  }

  /**
   * Whether an upstream may list its models soon: nobody answers, it has none loaded, or its key comes from a login,
   * which somebody may be about to do.
   */
  get isSomeAway(): boolean {
    return [...this.failures].some(
      ([name, { code }]) =>
        code === 'upstream_unreachable' ||
        code === 'upstream_error' ||
        (this.upstreams.get(name)?.settings.login !== undefined && WITHOUT_KEY.has(code)),
    );
  }

  private async ask(name: string): Promise<void> {
    const asked = this.upstreams.get(name);
    if (!asked) return;
    const { provider, settings } = asked;
    const answer = await provider.listModels(AbortSignal.timeout(LIST_MS_MAX)).catch((cause: unknown) => ({ cause }));
    // New settings may have come meanwhile.
    if (this.upstreams.get(name)?.provider !== provider) return;
    if ('cause' in answer) return this.fail(name, whyNoList(answer.cause, settings));
    if (answer.length === 0) {
      this.known.delete(name);
      return this.fail(name, emptyList(settings));
    }
    const again = this.failures.delete(name);
    if (again || !this.known.has(name)) this.news.listed(name, answer.length, again);
    this.known.set(name, answer);
  }

  private fail(name: string, failure: GatewayError): void {
    const isNew = this.failures.get(name)?.message !== failure.message;
    this.failures.set(name, failure);
    if (isNew) this.news.failed(name, failure);
  }
}
