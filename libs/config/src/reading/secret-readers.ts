import type { VariableName } from '../settings/variables.js';
import type { FileSettings } from './read-file.js';
import type { ServiceName } from './sources.js';

/** The services that read a secret, by the name of its variable. All services read a variable that is not listed. */
export type SecretReaders = ReadonlyMap<string, readonly ServiceName[]>;

const SETTINGS: readonly (readonly [VariableName, readonly ServiceName[]])[] = [
  ['API_SERVER_KEY', ['api']],
  ['API_KEYS', ['api']],
  ['ADMIN_TOKEN', ['api']],
  ['WEBHOOK_SECRET', ['api', 'scheduler']],
  ['DATABASE_URL', ['store']],
  // Those that send traces.
  ['OTEL_EXPORTER_OTLP_HEADERS', ['api', 'worker', 'scheduler']],
  ['TELEGRAM_BOT_TOKEN', ['messenger']],
  ['TELEGRAM_WEBHOOK_SECRET', ['messenger']],
  ['SLACK_BOT_TOKEN', ['messenger']],
  ['SLACK_APP_TOKEN', ['messenger']],
  ['SLACK_SIGNING_SECRET', ['messenger']],
  ['DISCORD_BOT_TOKEN', ['messenger']],
  ['OPENAI_API_KEY', ['worker']],
  ['ANTHROPIC_API_KEY', ['worker']],
  ['CREDENTIALS_KEY', ['worker']],
];

/** `env_from` also passes on variables that every program needs, and our services need these as well. */
const FOR_EVERY_PROGRAM = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|NODE_\w+|SSL_CERT_\w+|\w*_PROXY)$/i;

/**
 * The services that read each secret: those of the settings, and those that the settings file names (`key_env`,
 * `api_key_env`, `token_env`, `env_from`). A name that several of them use has the readers of each.
 */
export function secretReaders(file: FileSettings, isShared: (name: string) => boolean): SecretReaders {
  const readers = new Map<string, readonly ServiceName[]>(SETTINGS);
  const add = (name: string | undefined, service: ServiceName): void => {
    if (name === undefined || (isShared(name) && !readers.has(name))) return;
    readers.set(name, [...new Set([...(readers.get(name) ?? []), service])]);
  };
  for (const { key_env } of file.keys) add(key_env, 'api');
  for (const { api_key_env, oauth_client_secret_env, oauth_refresh_token_env, token_env_from = [] } of file.upstreams) {
    for (const name of [api_key_env, oauth_client_secret_env, oauth_refresh_token_env]) add(name, 'worker');
    for (const name of token_env_from) if (!FOR_EVERY_PROGRAM.test(name)) add(name, 'worker');
  }
  for (const { token_env, env_from = [] } of file.mcpServers) {
    add(token_env, 'worker');
    for (const name of env_from) if (!FOR_EVERY_PROGRAM.test(name)) add(name, 'worker');
  }
  return readers;
}
