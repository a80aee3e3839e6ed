import type { ApiKey, AuthConfig, NamedLimits } from '../config.js';
import type { FileSettings } from './read-file.js';
import { isReadFor, secretOf, type Sources } from './sources.js';
import type { Values } from '../settings/variables.js';

interface PlacedKey extends ApiKey {
  /** The variable or path of the key. */
  readonly where: string;
}

/** Who may call, and how much. The keys themselves are read for the API only, because only the API compares them. */
export function readKeys(sources: Sources, file: FileSettings, values: Values): AuthConfig {
  return {
    keys: isReadFor(sources, 'api') ? keysOf(sources, file, values) : [],
    limits: file.keys.flatMap(limitsOf),
    ...(values.ADMIN_TOKEN !== undefined && { adminToken: values.ADMIN_TOKEN }),
  };
}

/**
 * The keys of the environment and of the file. A file entry without its own key adds a role to the environment's key of
 * that name. If it has one, the environment's key of that name wins.
 */
function keysOf(sources: Sources, file: FileSettings, values: Values): ApiKey[] {
  const { problems } = sources;
  const keys = fromVariables(values);
  for (const entry of file.keys) {
    const { name } = entry;
    if (name === undefined) continue;
    const key = secretOf(sources, `${entry.path}.key`, { text: entry.key, variable: entry.key_env });
    const role = entry.role ?? 'user';
    const at = keys.findIndex((other) => other.name === name && !other.where.startsWith(FILE_KEYS));
    const known = keys[at];
    if (known) keys[at] = { ...known, role };
    else if (key !== undefined) keys.push({ name, key, role, where: entry.path });
    else if (entry.key_env === undefined) {
      problems.add(entry.path, `has no key; expected key, key_env, or a key named ${name} in API_KEYS`);
    }
  }
  checkUnique(sources, keys, values);
  return keys.map(({ where: _, ...key }) => key);
}

function limitsOf({ name, max_queued, max_in_flight }: FileSettings['keys'][number]): NamedLimits[] {
  if (name === undefined || (max_queued === undefined && max_in_flight === undefined)) return [];
  return [
    {
      name,
      ...(max_queued !== undefined && { queuedMax: max_queued }),
      ...(max_in_flight !== undefined && { inFlightMax: max_in_flight }),
    },
  ];
}

const FILE_KEYS = 'auth.keys';

function fromVariables({ API_SERVER_KEY, API_KEYS }: Values): PlacedKey[] {
  const one = API_SERVER_KEY === undefined ? [] : [{ name: 'default', key: API_SERVER_KEY, where: 'API_SERVER_KEY' }];
  const several = (API_KEYS ?? []).map(({ name, key }) => ({ name, key, where: 'API_KEYS' }));
  return [...one, ...several].map((key) => ({ ...key, role: 'user' }));
}

/** Runs belong to key names, and a request is identified by its key alone, so neither may be ambiguous. */
function checkUnique({ problems }: Sources, keys: readonly PlacedKey[], values: Values): void {
  const { ADMIN_TOKEN, METRICS_TOKEN } = values;
  keys.forEach(({ name, key, where }, index) => {
    const earlier = keys.slice(0, index);
    if (earlier.some((other) => other.name === name)) problems.add(where, `a key name that is used once`, name);
    const twin = earlier.find((other) => other.key === key);
    if (twin)
      problems.add(where, `the keys ${twin.name} and ${name} are the same; expected a key of its own for each name`);
    for (const [token, value] of Object.entries({ ADMIN_TOKEN, METRICS_TOKEN })) {
      if (key === value) problems.add(token, `is the same as the key ${name}; expected a secret of its own`);
    }
  });
  if (METRICS_TOKEN !== undefined && METRICS_TOKEN === ADMIN_TOKEN) {
    problems.add('METRICS_TOKEN', 'is the same as ADMIN_TOKEN; expected a secret of its own');
  }
}
