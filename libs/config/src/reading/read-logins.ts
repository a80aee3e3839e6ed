import type { LoginSettings, UpstreamSettings } from '#libs/contract';
import type { FileSettings } from './read-file.js';
import { INHERITED } from './read-tools.js';
import { fromEnvironment, isReadFor, secretOf, type Sources } from './sources.js';

type Entry = FileSettings['upstreams'][number];

/** Where an upstream gets a key that ends: a program, or OAuth. Secrets are read for the worker only. */
export function loginOf(sources: Sources, entry: Entry): Pick<UpstreamSettings, 'login'> {
  const { problems } = sources;
  const ways = [entry.api_key ?? entry.api_key_env, entry.token_command, entry.oauth_token_url];
  if (ways.filter((way) => way !== undefined).length > 1) {
    problems.add(entry.path, 'expected one of api_key, api_key_env, token_command and oauth_token_url');
  }
  const login = commandOf(sources, entry) ?? oauthOf(sources, entry);
  return login ? { login } : {};
}

function commandOf(sources: Sources, { path, token_command: words, token_env_from: names = [] }: Entry) {
  if (words === undefined) {
    if (names.length > 0) sources.problems.add(`${path}.token_env_from`, 'expected token_command beside it');
    return undefined;
  }
  const [command = '', ...args] = words;
  if (command === '') sources.problems.add(`${path}.token_command`, 'a program and its arguments');
  const env = isReadFor(sources, 'worker') ? environmentOf(sources, path, names) : {};
  return { kind: 'command', command, args, env } as const satisfies LoginSettings;
}

function environmentOf(sources: Sources, path: string, names: readonly string[]): Record<string, string> {
  const passed = [...INHERITED, ...names].map((name) => [name, fromEnvironment(name, sources, true)] as const);
  for (const [name, value] of passed) {
    if (value || !names.includes(name)) continue;
    sources.problems.add(`${path}.token_env_from`, 'names of variables that are set', name);
  }
  return Object.fromEntries(passed.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function oauthOf(sources: Sources, entry: Entry): LoginSettings | undefined {
  const { path, oauth_token_url: tokenUrl, oauth_device_url: deviceUrl, oauth_client_id: clientId } = entry;
  const { oauth_scope: scope, oauth_client_secret_env, oauth_refresh_token_env } = entry;
  if (tokenUrl === undefined) {
    const others = [deviceUrl, clientId, scope, oauth_client_secret_env, oauth_refresh_token_env];
    if (others.some((other) => other !== undefined)) sources.problems.add(path, 'expected oauth_token_url, too');
    return undefined;
  }
  if (clientId === undefined) sources.problems.add(`${path}.oauth_client_id`, 'the name of this client');
  if ((deviceUrl ?? oauth_refresh_token_env) === undefined) {
    sources.problems.add(path, 'expected oauth_device_url or oauth_refresh_token_env');
  }
  const secret = (name: string, variable: string | undefined): string | undefined =>
    isReadFor(sources, 'worker') ? secretOf(sources, `${path}.${name}`, { text: undefined, variable }) : undefined;
  const clientSecret = secret('oauth_client_secret', oauth_client_secret_env);
  const refreshToken = secret('oauth_refresh_token', oauth_refresh_token_env);
  return {
    kind: 'oauth',
    tokenUrl,
    clientId: clientId ?? '',
    ...(deviceUrl !== undefined && { deviceUrl }),
    ...(clientSecret !== undefined && { clientSecret }),
    ...(scope !== undefined && { scope }),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/** Keys that renew themselves are kept, and what is kept is encrypted. */
export function checkLogins(sources: Sources, upstreams: readonly UpstreamSettings[], key: string | undefined): void {
  const needsKey = isReadFor(sources, 'worker') && upstreams.some(({ login }) => login !== undefined);
  if (needsKey && key === undefined) {
    sources.problems.add('CREDENTIALS_KEY', 'missing: an upstream has a key that renews itself');
  }
}
