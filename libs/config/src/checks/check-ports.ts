import ipaddr from 'ipaddr.js';
import type { Config } from '../config.js';
import type { Problems } from '../values/problems.js';
import type { VariableName } from '../settings/variables.js';

/** An address that a service listens on, and the setting of its port. */
export interface ChosenPort {
  readonly setting: VariableName;
  readonly host: string;
  readonly port: number;
}

interface Chosen {
  readonly config: Config;
  readonly given: ReadonlySet<VariableName>;
}

/** Addresses that the settings choose for the services of one machine. For all others `npm start` takes free ports. */
export function chosenPorts({ config: { api, store, worker, messenger }, given }: Chosen): readonly ChosenPort[] {
  const { healthHost, healthPort, schedulerHealthPort } = worker;
  const all: readonly ChosenPort[] = [
    { setting: 'API_SERVER_PORT', host: api.host, port: api.port },
    { setting: 'STORE_PORT', host: store.host, port: store.port },
    { setting: 'WORKER_HEALTH_PORT', host: healthHost, port: healthPort },
    { setting: 'SCHEDULER_HEALTH_PORT', host: healthHost, port: schedulerHealthPort },
    { setting: 'MESSENGER_PORT', host: healthHost, port: messenger.port },
  ];
  // A STORE_URL alone means the default port, because its author cannot know a port that happens to be free.
  const isChosen = (setting: VariableName): boolean =>
    setting === 'API_SERVER_PORT' || given.has(setting) || (setting === 'STORE_PORT' && given.has('STORE_URL'));
  return all.filter(({ setting }) => isChosen(setting));
}

/**
 * Two services of one machine cannot share a port: the second would never start, and the first would answer its
 * requests. Services that are started separately are not checked, because they may have their own machines.
 */
export function checkPorts(chosen: Chosen, problems: Problems): void {
  const ports = chosenPorts(chosen);
  ports.forEach((one, i) => {
    const other = ports.slice(0, i).find(({ host, port }) => port === one.port && overlap(host, one.host));
    if (!other) return;
    problems.add(one.setting, `a port of its own: ${other.setting} is the same, on ${other.host}`, String(one.port));
  });
}

/** Only `localhost` has a known meaning; other names would have to be resolved first. */
function overlap(a: string, b: string): boolean {
  const [ours, theirs] = [addressesOf(a), addressesOf(b)];
  if (!ours || !theirs) return true;
  return ours.some((one) => theirs.some((other) => one === other || covers(one, other) || covers(other, one)));
}

const LOOPBACK = ['127.0.0.1', '::1'];

function addressesOf(host: string): readonly string[] | undefined {
  if (/^localhost\.?$/i.test(host)) return LOOPBACK;
  return ipaddr.isValid(host) ? [ipaddr.process(host).toString()] : undefined;
}

/** `::` covers both families, `0.0.0.0` only one. */
const covers = (any: string, address: string): boolean => any === '::' || (any === '0.0.0.0' && !address.includes(':'));
