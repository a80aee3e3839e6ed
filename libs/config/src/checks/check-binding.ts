import ipaddr from 'ipaddr.js';
import { HOW_TO_MAKE_A_KEY, weakness } from '../values/api-keys.js';
import type { Config } from '../config.js';
import { isReadFor, type ServiceName, type Sources } from '../reading/sources.js';
import type { VariableName } from '../settings/variables.js';

/**
 * The bind guard: an address that others on the network can reach needs keys that cannot be guessed. The API and the
 * store must have one. The health ports reveal nothing about users, but where they show metrics, the token counts.
 */
export function checkBinding({ api, auth, store, worker, metrics }: Config, sources: Sources): void {
  const { problems } = sources;
  const reach = (setting: VariableName, host: string, ...services: ServiceName[]): string | undefined => {
    const isOurs = services.some((service) => isReadFor(sources, service));
    return isOurs && isNetworkVisible(host) ? `${setting}=${host} is visible on the network` : undefined;
  };
  const atApi = reach('API_SERVER_HOST', api.host, 'api');
  const atStore = reach('STORE_HOST', store.host, 'store');
  const atHealth = reach('HEALTH_HOST', worker.healthHost, 'worker', 'scheduler', 'messenger');
  const demand = (what: string, isThere: boolean, where: string | undefined): void => {
    if (where !== undefined && !isThere) problems.add(what, `missing: ${where}; ${HOW_TO_MAKE_A_KEY}`);
  };
  const refuseWeak = (what: string, key: string | undefined, where: string | undefined): void => {
    const why = where === undefined || key === undefined ? undefined : weakness(key);
    if (why !== undefined) problems.add(what, `${why}, and ${where}; ${HOW_TO_MAKE_A_KEY}`);
  };
  demand('API_SERVER_KEY', auth.keys.length > 0, atApi);
  // A browser would let every page read the answers, and no key would keep any of them out.
  if (isReadFor(sources, 'api') && auth.keys.length === 0 && api.corsOrigins.includes('*')) {
    problems.add(
      'API_SERVER_CORS_ORIGINS',
      `* needs an API key; set API_SERVER_KEY (${HOW_TO_MAKE_A_KEY}) or name origins`,
    );
  }
  for (const { name, key } of auth.keys) refuseWeak(`API key "${name}"`, key, atApi);
  refuseWeak('ADMIN_TOKEN', auth.adminToken, atApi);
  demand('STORE_TOKEN', store.token !== undefined, atStore);
  refuseWeak('STORE_TOKEN', store.token, atStore);
  // Every service shows its metrics on the address that it listens on.
  refuseWeak('METRICS_TOKEN', metrics.token, atApi ?? atStore ?? atHealth);
}

/**
 * One sentence for each weak secret of the API, whatever its address: behind a proxy all requests come from loopback.
 * On a network-visible address `checkBinding` has already refused them.
 */
export function weakSecrets({ auth, metrics }: Pick<Config, 'auth' | 'metrics'>): readonly string[] {
  const secrets = [
    ...auth.keys.map(({ name, key }) => [`API key "${name}"`, key] as const),
    ['ADMIN_TOKEN', auth.adminToken] as const,
    ['METRICS_TOKEN', metrics.token] as const,
  ];
  return secrets.flatMap(([what, secret]) => {
    const why = secret === undefined ? undefined : weakness(secret);
    return why === undefined ? [] : [`${what} ${why}; ${HOW_TO_MAKE_A_KEY}`];
  });
}

/**
 * Whether other machines can reach a server on that host. Everything except 127.0.0.0/8, ::1 and `localhost` counts as
 * visible. So do names, because what they resolve to is not known.
 */
export function isNetworkVisible(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === 'localhost.') return false;
  return !ipaddr.isValid(bare) || ipaddr.process(bare).range() !== 'loopback';
}
