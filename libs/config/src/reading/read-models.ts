import { priceKey, type PriceTable, type UpstreamSettings } from '#libs/contract';
import type { ModelsConfig, RouteConfig } from '../config.js';
import type { Problems } from '../values/problems.js';
import type { FileSettings } from './read-file.js';
import { checkFallbacks } from './check-fallbacks.js';
import { checkLogins, loginOf } from './read-logins.js';
import { isReadFor, secretOf, type Sources } from './sources.js';
import type { Values } from '../settings/variables.js';

/** Upstreams and routes: those of the file, otherwise those that the environment connects, otherwise the demo model. */
export function readModels(sources: Sources, file: FileSettings, values: Values): ModelsConfig {
  const upstreams = file.upstreams.length > 0 ? fileUpstreams(sources, file, values) : upstreamsOf(values);
  const routes = file.models.map((entry) => routeOf(sources, entry));
  checkNames(sources, file, { upstreams, routes });
  checkFallbacks(sources.problems, routes);
  checkLogins(sources, upstreams, values.CREDENTIALS_KEY);
  return {
    defaultName: values.API_SERVER_MODEL_NAME,
    ...(values.OPENAI_MODEL !== undefined && { defaultModel: values.OPENAI_MODEL }),
    unknown: values.MODELS_UNKNOWN,
    rememberedSeconds: values.MODELS_REMEMBERED_SECONDS,
    upstreams,
    routes,
    ...(file.aliases.length > 0 && { aliases: file.aliases.map(({ name = '', model = '' }) => ({ name, model })) }),
    fallback: values.FALLBACK_MODELS ?? [],
    ...(values.CREDENTIALS_KEY !== undefined && { credentialsKey: values.CREDENTIALS_KEY }),
    ...(values.CREDENTIALS_EXPORT && { exportsCredentials: true as const }),
  };
}

function routeOf(sources: Sources, entry: FileSettings['models'][number]): RouteConfig {
  const { name = '', model = '', fallback = [], context_tokens: contextTokens } = entry;
  const place = placeOf(sources.problems, entry);
  const { output_tokens: outputTokens } = entry;
  const price = priceOf(sources, entry);
  return {
    name,
    ...place,
    model,
    fallback,
    ...(contextTokens !== undefined && { contextTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(price !== undefined && { price }),
  };
}

/** A model's price. Input and output must be given together, and cache prices need both. */
function priceOf({ problems }: Sources, entry: FileSettings['models'][number]): RouteConfig['price'] {
  const { price_input: input, price_output: output } = entry;
  const { price_cached_input: cachedInput, price_cache_write: cacheWrite } = entry;
  if (input !== undefined && output !== undefined) {
    return { input, cachedInput: cachedInput ?? input, output, ...(cacheWrite !== undefined && { cacheWrite }) };
  }
  if ((input ?? output ?? cachedInput ?? cacheWrite) !== undefined) {
    problems.add(entry.path, 'expected price_input and price_output together');
  }
  return undefined;
}

/** `upstream`, or the `upstreams` of a pool: exactly one of the two. */
function placeOf(
  problems: Problems,
  { path, upstream, upstreams }: FileSettings['models'][number],
): Pick<RouteConfig, 'upstream' | 'pool'> {
  if ((upstream === undefined) === (upstreams === undefined)) problems.add(path, 'expected upstream or upstreams');
  if (!upstreams) return { upstream: upstream ?? '' };
  const names = new Set(upstreams);
  if (names.size === 0 || names.size < upstreams.length) {
    problems.add(`${path}.upstreams`, 'names of upstreams, each once', upstreams.join(', '));
  }
  return { upstream: upstreams[0] ?? '', pool: upstreams };
}

/** Prices of models, by upstream and model. */
export function priceTable({ routes }: Pick<ModelsConfig, 'routes'>): PriceTable {
  return new Map(
    routes.flatMap(({ upstream, pool = [upstream], model, price }) =>
      price ? pool.map((name) => [priceKey(name, model), price] as const) : [],
    ),
  );
}

type Timing = Pick<UpstreamSettings, 'retriesMax' | 'firstByteTimeoutMs' | 'idleTimeoutMs'>;

function timing(values: Values): Timing {
  return {
    retriesMax: values.UPSTREAM_RETRIES,
    firstByteTimeoutMs: values.UPSTREAM_FIRST_BYTE_MS,
    idleTimeoutMs: values.UPSTREAM_IDLE_MS,
  };
}

function upstreamsOf(values: Values): UpstreamSettings[] {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL } = values;
  const found: UpstreamSettings[] = [];
  if (OPENAI_API_KEY !== undefined || OPENAI_BASE_URL !== undefined) {
    found.push({ name: 'openai', provider: 'openai', ...access(OPENAI_BASE_URL, OPENAI_API_KEY), ...timing(values) });
  }
  if (ANTHROPIC_API_KEY !== undefined) {
    const reach = access(ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY);
    found.push({ name: 'anthropic', provider: 'anthropic', ...reach, ...timing(values) });
  }
  return found.length > 0 ? found : [{ name: 'demo', provider: 'demo', ...timing(values) }];
}

/** Providers that answer without an address and a key. */
const NEEDS_NOTHING: ReadonlySet<string> = new Set(['demo']);

function fileUpstreams(sources: Sources, file: FileSettings, values: Values): UpstreamSettings[] {
  const defaults = timing(values);
  return file.upstreams.map((entry) => {
    const key = isReadFor(sources, 'worker') ? upstreamKey(sources, entry) : undefined;
    // An unreadable provider was already reported; this entry will not be used.
    const provider = entry.provider ?? 'demo';
    checkReach(sources.problems, { ...entry, provider });
    return {
      name: entry.name ?? '',
      provider,
      ...access(entry.base_url, key),
      ...loginOf(sources, entry),
      retriesMax: entry.retries ?? defaults.retriesMax,
      firstByteTimeoutMs: entry.first_byte_ms ?? defaults.firstByteTimeoutMs,
      idleTimeoutMs: entry.idle_ms ?? defaults.idleTimeoutMs,
      ...(entry.files !== undefined && { files: entry.files }),
      ...(entry.weight !== undefined && { weight: entry.weight }),
      ...(entry.priority !== undefined && { priority: entry.priority }),
      ...(entry.max_in_flight !== undefined && { inFlightMax: entry.max_in_flight }),
    };
  });
}

/** Where the upstream is, and how it is opened. */
function checkReach(problems: Problems, entry: FileSettings['upstreams'][number]): void {
  const { path, provider, base_url: url } = entry;
  if (provider === 'gateway' && url === undefined) problems.add(`${path}.base_url`, 'the address of the gateway');
  const way = entry.api_key ?? entry.api_key_env ?? url ?? entry.token_command ?? entry.oauth_token_url;
  if (NEEDS_NOTHING.has(provider ?? 'demo') || way !== undefined) return;
  problems.add(path, 'expected api_key or api_key_env, or base_url for a server that asks for no key');
}

const upstreamKey = (sources: Sources, entry: FileSettings['upstreams'][number]): string | undefined =>
  secretOf(sources, `${entry.path}.api_key`, { text: entry.api_key, variable: entry.api_key_env });

function access(baseUrl: string | undefined, apiKey: string | undefined): Pick<UpstreamSettings, 'baseUrl' | 'apiKey'> {
  return { ...(baseUrl !== undefined && { baseUrl }), ...(apiKey !== undefined && { apiKey }) };
}

interface Named {
  readonly upstreams: readonly UpstreamSettings[];
  readonly routes: readonly RouteConfig[];
}

function checkNames(sources: Sources, file: FileSettings, { upstreams, routes }: Named): void {
  const { problems } = sources;
  const upstreamNames = upstreams.map(({ name }) => name);
  const routeNames = routes.map(({ name }) => name);
  upstreams.forEach(({ name }, index) => {
    if (name && upstreamNames.indexOf(name) < index)
      problems.add(`upstreams[${index}].name`, 'a name of its own', name);
  });
  routes.forEach(({ name, upstream, pool, fallback }, index) => {
    const path = file.models[index]?.path ?? `models[${index}]`;
    if (name && routeNames.indexOf(name) < index) problems.add(`${path}.name`, 'a name of its own', name);
    // Without upstreams in the file the keys decide which exist, and only the worker has these keys.
    const isTold = file.upstreams.length > 0 || isReadFor(sources, 'worker');
    for (const wanted of isTold ? (pool ?? [upstream]) : []) {
      if (!wanted || upstreamNames.includes(wanted)) continue;
      problems.add(
        `${path}.${pool ? 'upstreams' : 'upstream'}`,
        `one of the upstreams: ${upstreamNames.join(', ')}`,
        wanted,
      );
    }
    for (const other of fallback) {
      const known = other !== name && routeNames.includes(other);
      if (!known) problems.add(`${path}.fallback`, 'names of other entries of models', other);
    }
  });
}
