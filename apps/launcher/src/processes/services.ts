import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadConfig, ServiceName, VariableName } from '#libs/config';
import { LOCAL_OWNER, reachable } from '#libs/config';
import { LaunchError } from '../launch-error.js';
import type { ChildOrder } from './supervise.js';

/** The services in the order in which they are started; they are stopped the other way round, the API first. */
export const SERVICES: readonly ServiceName[] = ['store', 'scheduler', 'worker', 'api'];

/** Those of this start: the messenger comes last, and only when a chat platform is set up. */
export function servicesOf({ config }: Pick<ReadConfig, 'config'>): readonly ServiceName[] {
  const { telegram, slack, discord } = config.messenger;
  return (telegram ?? slack ?? discord) ? [...SERVICES, 'messenger'] : SERVICES;
}

/** Where a service's compiled main.js lies. */
export type EntryOf = (service: ServiceName) => string;

export function compiledEntry(root: string): EntryOf {
  return (service) => join(root, 'dist', 'apps', service, 'src', 'main.js');
}

/** Throws LaunchError when something has not been compiled. */
export function requireEntries(entryOf: EntryOf, services: readonly ServiceName[] = SERVICES): void {
  const missing = services.map(entryOf).filter((entry) => !existsSync(entry));
  if (missing.length > 0) throw new LaunchError(`Not compiled: ${missing.join(', ')}. Run: npm run build`);
}

/** What the launcher decided for this start. */
export interface Wiring {
  /** Of the private Redis; absent when somebody named one. */
  readonly redisUrl?: string;
  readonly ports: {
    readonly store: number;
    readonly worker: number;
    readonly scheduler: number;
    readonly messenger?: number;
  };
  readonly storeToken: string;
}

/** Without keys everybody is one owner: what is said in chats is on the page, too. */
const KEYLESS_CHATS = { TELEGRAM_KEY: LOCAL_OWNER, SLACK_KEY: LOCAL_OWNER, DISCORD_KEY: LOCAL_OWNER } as const;

/** The environment of the services: the launcher's own, and for every setting that nobody made, what it decided. */
export function serviceEnv(
  env: NodeJS.ProcessEnv,
  { config, given }: ReadConfig,
  { redisUrl, ports, storeToken }: Wiring,
): NodeJS.ProcessEnv {
  // A STORE_URL without STORE_PORT means the default port, not one that nobody could know.
  const storePort = given.has('STORE_PORT') || given.has('STORE_URL') ? config.store.port : ports.store;
  const decided: Partial<Record<VariableName, string>> = {
    STORE_PORT: String(storePort),
    STORE_URL: `http://${reachable(config.store.host)}:${storePort}`,
    STORE_TOKEN: storeToken,
    // No proxy is told of services on one machine, and nobody wants to wait for the end.
    DRAIN_DELAY_SECONDS: '0',
    WORKER_HEALTH_PORT: String(ports.worker),
    SCHEDULER_HEALTH_PORT: String(ports.scheduler),
    DRAIN_SECONDS: String(DRAIN_SECONDS),
    ...(ports.messenger !== undefined && { MESSENGER_PORT: String(ports.messenger) }),
    ...(ports.messenger !== undefined && config.auth.keys.length === 0 && KEYLESS_CHATS),
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  };
  const own = Object.entries(decided).filter(([name]) => !given.has(name as VariableName));
  return { ...env, ...Object.fromEntries(own), TALARIA_PARENT: '1' };
}

/**
 * The environment for one service, without the secrets that only other services read: a program that a model runs can
 * read the environment of its worker. `NAME_FILE`, which names the file of a secret, goes with `NAME`.
 */
export function envOf(
  service: ServiceName,
  env: NodeJS.ProcessEnv,
  { secretReaders }: Pick<ReadConfig, 'secretReaders'>,
): NodeJS.ProcessEnv {
  const isForeign = (name: string): boolean =>
    [name, name.replace(/_FILE$/, '')].some((secret) => secretReaders.get(secret)?.includes(service) === false);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isForeign(name)));
}

/**
 * SIGKILL comes after a service's own limits: its drain time (of store and scheduler: 10 s), and the 5 s that
 * libs/platform allows for closing.
 */
const SPARE_SECONDS = 15;

/**
 * Half of the young generation, in MB at most (V8's own maximum is 16). It grows only under load, so a large one costs
 * nothing at rest; under load it costs memory and saves collections: what lives as long as a request dies young then.
 */
const SEMI_SPACE_MB: Readonly<Record<ServiceName, number>> = {
  store: 16,
  api: 64,
  worker: 64,
  scheduler: 2,
  messenger: 2,
};

/** On one machine somebody waits for the stop, and what is cut goes on at the next start. */
const DRAIN_SECONDS = 5;

/** How long answers may go on after a stop: the setting, else the launcher's own, which is a few seconds. */
export const drainSecondsOf = ({ config, given }: Pick<ReadConfig, 'config' | 'given'>): number =>
  given.has('DRAIN_SECONDS') ? config.worker.drainSeconds : DRAIN_SECONDS;

/** How long a service may take to end. */
export const graceMsOf = (drainSeconds: number): number => (drainSeconds + SPARE_SECONDS) * 1_000;

export function serviceOrder(name: ServiceName, entry: string, env: NodeJS.ProcessEnv, graceMs: number): ChildOrder {
  return {
    name,
    command: process.execPath,
    args: [`--max-semi-space-size=${SEMI_SPACE_MB[name]}`, entry],
    env,
    ipc: true,
    graceMs,
  };
}
