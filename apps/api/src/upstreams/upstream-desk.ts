import { ConfigError, type ModelsConfig, type RouteConfig } from '#libs/config';
import {
  GatewayError,
  type MemberFacts,
  type MemberReport,
  type PoolCheck,
  type PoolMemberKey,
  type PoolOffice,
  type PoolReport,
  type UpstreamSettings,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_LIMITS } from '../words/api-limits.js';

export interface UpstreamDeskParts {
  readonly office: PoolOffice;
  readonly models: ModelsConfig;
  /** Reads the settings again. Throws ConfigError. */
  readonly load: () => ModelsConfig;
  onReloaded(models: ModelsConfig): void;
}

const CHECK_LOOK_MS = 250;

/** Operators' view of upstreams, and their actions. Credentials and addresses are not shown. */
export class UpstreamDesk {
  private models: ModelsConfig;

  constructor(private readonly parts: UpstreamDeskParts) {
    this.models = parts.models;
  }

  /** As they were read last. */
  get settings(): ModelsConfig {
    return this.models;
  }

  async list(): Promise<object> {
    const [data, reports] = await Promise.all([this.rows(), this.parts.office.reports()]);
    return { object: 'list', data, workers: reports.map(workerObject) };
  }

  /** One row for each upstream. */
  async rows() {
    const { office } = this.parts;
    const { upstreams, routes } = this.models;
    const members = membersOf(routes);
    const names = upstreams.map(({ name }) => name);
    const [seen, bindings, reports, checks] = await Promise.all([
      office.look(members, ''),
      office.bindings(names),
      office.reports(),
      Promise.all(names.map((name) => office.lastCheck(name))),
    ]);
    return upstreams.map((settings, i) => {
      const own = members.flatMap((key, at) => {
        const facts = seen.members[at];
        return key.upstream === settings.name && facts ? [{ key, facts }] : [];
      });
      return {
        ...settingsObject(settings, routes),
        ...stateObject(own, seen.now),
        bindings: bindings[i] ?? 0,
        ...countsObject(reports, settings.name),
        last_check: checkObject(checks[i]),
      };
    });
  }

  /** Sends no new requests to the upstream; its sessions move to another one. Throws GatewayError `not_found`. */
  async drain(name: string): Promise<object> {
    this.assertKnown(name);
    await this.parts.office.drain(name, true);
    return { name, state: 'drained' };
  }

  /** Uses the upstream again, with its earlier failures forgotten. Throws like `drain`. */
  async enable(name: string): Promise<object> {
    this.assertKnown(name);
    await this.parts.office.drain(name, false);
    await this.parts.office.forgive(membersOf(this.models.routes).filter(({ upstream }) => upstream === name));
    return { name, state: 'serving' };
  }

  /**
   * Lets a worker ask the upstream for its models. Throws like `drain`, and `unavailable` when no worker does so in
   * time.
   */
  async check(name: string): Promise<object> {
    this.assertKnown(name);
    const { office } = this.parts;
    const before = await office.now();
    await office.askCheck(name);
    for (let waited = 0; waited < API_LIMITS.upstreamCheckMsMax; waited += CHECK_LOOK_MS) {
      const check = await office.lastCheck(name);
      if (check && check.at >= before) return { name, ...checkObject(check) };
      await sleep(CHECK_LOOK_MS);
    }
    throw new GatewayError('unavailable', 'No worker has checked the upstream in time.', { retryAfterSeconds: 5 });
  }

  /** Makes all processes read the settings of models again. Faulty ones are refused, and the old ones stay. */
  async reload(): Promise<object> {
    const models = this.readAgain();
    const generation = await this.parts.office.askReload();
    this.models = models;
    this.parts.onReloaded(models);
    return { generation, upstreams: models.upstreams.map(({ name }) => name) };
  }

  private readAgain(): ModelsConfig {
    try {
      return this.parts.load();
    } catch (cause) {
      if (cause instanceof ConfigError) throw new GatewayError('invalid_request', cause.message, { cause });
      throw cause;
    }
  }

  private assertKnown(name: string): void {
    if (this.models.upstreams.some((upstream) => upstream.name === name)) return;
    throw new GatewayError('not_found', `No upstream is named ${JSON.stringify(name)}.`, { param: 'name' });
  }
}

/** Every model at every upstream that is a member of a pool, once. */
function membersOf(routes: readonly RouteConfig[]): PoolMemberKey[] {
  const all = routes.flatMap(({ pool = [], model }) => pool.map((upstream) => ({ upstream, model })));
  return [...new Map(all.map((key) => [JSON.stringify(key), key])).values()];
}

function settingsObject(
  { name, provider, weight = 1, priority = 0, inFlightMax }: UpstreamSettings,
  routes: readonly RouteConfig[],
) {
  const pools = routes.filter(({ pool = [] }) => pool.includes(name)).map((route) => route.name);
  return { name, provider, pools, weight, priority, max_in_flight: inFlightMax ?? null };
}

interface Member {
  readonly key: PoolMemberKey;
  readonly facts: MemberFacts;
}

function stateObject(members: readonly Member[], now: number) {
  const [first] = members;
  return {
    state: first?.facts.isDrained ? 'drained' : 'serving',
    in_flight: first?.facts.inFlight ?? 0,
    tokens_in_flight: first?.facts.inFlightTokens ?? 0,
    models: members.map(({ key, facts }) => ({ model: key.model, ...healthObject(facts, now) })),
  };
}

function healthObject({ health: { until, cause, level }, probeUntil }: MemberFacts, now: number) {
  if (until === 0) return { state: 'well', why: null, until: null };
  const isTried = until <= now && probeUntil > now;
  const state = until > now ? 'cooling' : isTried ? 'tried' : 'half_open';
  return { state, why: cause ?? null, until: until / 1_000, times: level };
}

const COUNTS = ['calls', 'failures', 'inputTokens', 'cachedInputTokens', 'outputTokens'] as const;

/** Totals of all workers, each since its start. */
function countsObject(reports: readonly PoolReport[], upstream: string) {
  const rows = reports.flatMap(({ members }) => members.filter((row) => row.upstream === upstream));
  const [calls, failures, input, cached, output] = COUNTS.map((name) => rows.reduce((sum, row) => sum + row[name], 0));
  return {
    calls,
    failures,
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    cache_hit_rate: input ? Math.round(((cached ?? 0) / input) * 1_000) / 1_000 : null,
    first_token_ms: meanFirstToken(rows),
  };
}

function meanFirstToken(rows: readonly MemberReport[]): number | null {
  const times = rows.flatMap(({ firstTokenMs }) => firstTokenMs ?? []);
  return times.length === 0 ? null : Math.round(times.reduce((sum, ms) => sum + ms, 0) / times.length);
}

const workerObject = ({ worker, generation, reloadError }: PoolReport) => ({
  id: worker,
  generation,
  reload_error: reloadError ?? null,
});

const checkObject = (check: PoolCheck | undefined) =>
  check ? { at: check.at / 1_000, models: check.models ?? null, error: check.error ?? null } : null;
