import { memoryPool, redisCredentialVault, redisLeases, redisPoolShare, type RedisConnection } from '#libs/bus';
import type { Config, ModelsConfig } from '#libs/config';
import type { ModelProvider } from '#libs/contract';
import type { Closers, Logger } from '#libs/platform';
import { createProvider } from '#libs/providers';
import type { WorkerMeters } from '../worker-meters.js';
import { Credentials } from './credentials.js';
import { ModelRoutes } from './model-routes.js';
import type { ListNews } from './upstream-lists.js';
import { PoolBeat } from './pool-beat.js';

/** How the settings of models are read again. */
export interface ModelsReload {
  /** Throws an Error that names the mistake in the settings. */
  load(): ModelsConfig;
  onSignal(fire: () => void): void;
}

interface RoutesParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly meters: WorkerMeters;
  readonly reload: ModelsReload;
  readonly connection: RedisConnection;
  readonly workerId: string;
}

/** The model routes, kept up to date with other workers and with the orders of operators. */
export function openModelRoutes(parts: RoutesParts): ModelRoutes {
  const { config, logger, closers, meters, reload, connection, workerId } = parts;
  const renewed = (): void => void routes.discoverAway();
  const credentials = closers.own(openCredentials(parts, renewed), (running) => running.close());
  const open = providersOf(meters, credentials);
  const share = redisPoolShare(connection, workerId);
  const routes = new ModelRoutes(config.models, open(config.models), listNews(logger), {
    share,
    own: memoryPool().of(workerId),
    news: meters.poolNews(),
    now: () => performance.now(),
  });
  const beat = new PoolBeat({
    share,
    workerId,
    routes,
    reload: () => {
      const { upstreams, routes: entries, aliases, credentialsKey } = reload.load();
      // Other settings stay as they were at the start, because workers announce them and the API reads them.
      const more = { ...(aliases && { aliases }), ...(credentialsKey !== undefined && { credentialsKey }) };
      const models = { ...config.models, upstreams, routes: entries, ...more };
      routes.replace(models, open(models));
      void routes.discover();
    },
    onReloaded: () => logger.info('the settings of models were read again'),
    onReloadFailed: (cause) => logger.error({ err: cause }, 'the new settings of models are not used'),
    onError: (cause) => logger.warn({ err: cause }, 'what workers share about pools could not be exchanged'),
  });
  closers.own(beat, (running) => running.close());
  reload.onSignal(() => beat.reload());
  return routes;
}

/** One line when an upstream lists its models, when it stops, and when it does so again. */
const listNews = (logger: Logger): ListNews => ({
  failed: (upstream, { code, message }) => logger.warn({ upstream, code }, message),
  listed: (upstream, models, again) =>
    logger.info({ upstream }, `upstream ${upstream} ${again ? 'answers again' : 'answers'}: ${counted(models)}`),
});

const counted = (models: number): string => (models === 1 ? '1 model' : `${models} models`);

/** @param renewed called when there is a new key, after its upstream may have refused the one before. */
function openCredentials({ logger, meters, connection, workerId }: RoutesParts, renewed: () => void): Credentials {
  return new Credentials({
    vault: redisCredentialVault(connection),
    leases: redisLeases(connection),
    workerId,
    onRenewed: (upstream, outcome, why) => {
      meters.credentialRenewed(upstream, outcome);
      if (outcome === 'failed') logger.warn({ upstream, why }, 'the key of an upstream was not renewed');
      else {
        logger.info({ upstream }, 'the key of an upstream was renewed');
        renewed();
      }
    },
    onError: (cause) => logger.warn({ err: cause }, 'the keys of upstreams could not be looked after'),
  });
}

/** Providers by name. One whose settings are the same is used on, with its connections. */
function providersOf(
  meters: WorkerMeters,
  credentials: Credentials,
): (models: ModelsConfig) => ReadonlyMap<string, ModelProvider> {
  let known = new Map<string, { readonly settings: string; readonly provider: ModelProvider }>();
  return (models) => {
    credentials.use(models);
    const { upstreams } = models;
    known = new Map(
      upstreams.map((upstream) => {
        const settings = JSON.stringify(upstream);
        const before = known.get(upstream.name);
        const provider =
          before?.settings === settings
            ? before.provider
            : meters.measureProvider(createProvider(upstream, credentials.of(upstream.name)));
        return [upstream.name, { settings, provider }];
      }),
    );
    return new Map([...known].map(([name, { provider }]) => [name, provider]));
  };
}
