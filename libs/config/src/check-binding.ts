import ipaddr from 'ipaddr.js';
import { HOW_TO_MAKE_A_KEY, weakness } from './api-keys.js';
import type { Config } from './config.js';
import type { Problems } from './problems.js';
import { isReadFor, type Sources } from './sources.js';

/**
 * The bind guard (reliability K2): what others on the network can reach needs keys that cannot be guessed. The API and
 * the store are guarded; the health ports tell nothing about anybody.
 */
export function checkBinding({ api, auth, store, metrics }: Config, sources: Sources): void {
  const { problems } = sources;
  if (isReadFor(sources, 'api') && isNetworkVisible(api.host)) {
    const reach = `API_SERVER_HOST=${api.host} is visible on the network`;
    if (auth.keys.length === 0) problems.add('API_SERVER_KEY', `missing: ${reach}; ${HOW_TO_MAKE_A_KEY}`);
    for (const { name, key } of auth.keys) refuseWeak(`API key "${name}"`, key, { reach, problems });
    if (auth.adminToken !== undefined) refuseWeak('ADMIN_TOKEN', auth.adminToken, { reach, problems });
    if (metrics.token !== undefined) refuseWeak('METRICS_TOKEN', metrics.token, { reach, problems });
  }
  if (isReadFor(sources, 'store') && isNetworkVisible(store.host)) {
    const reach = `STORE_HOST=${store.host} is visible on the network`;
    if (store.token === undefined) problems.add('STORE_TOKEN', `missing: ${reach}; ${HOW_TO_MAKE_A_KEY}`);
    else refuseWeak('STORE_TOKEN', store.token, { reach, problems });
  }
}

/**
 * Can anybody but this machine reach a server on that host? Everything but 127.0.0.0/8, ::1 and `localhost` counts as
 * visible, names too: what they resolve to is not ours to promise.
 */
export function isNetworkVisible(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === 'localhost.') return false;
  return !ipaddr.isValid(bare) || ipaddr.process(bare).range() !== 'loopback';
}

function refuseWeak(what: string, key: string, { reach, problems }: { reach: string; problems: Problems }): void {
  const why = weakness(key);
  if (why !== undefined) problems.add(what, `${why}, and ${reach}; ${HOW_TO_MAKE_A_KEY}`);
}
