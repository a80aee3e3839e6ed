import { CliError, EXIT } from './cli-error.js';

/** Where the gateway is, and the key to show. */
export interface Address {
  /** Without `/v1` and without a slash at its end. */
  readonly origin: string;
  readonly key?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = '8642';

const textOf = (env: Environment, name: string): string | undefined => env[name]?.trim();

/**
 * The address from `--url`, else TALARIA_URL (with or without `/v1`), else the port that `npm start` takes on this
 * machine. The key is TALARIA_KEY, else API_SERVER_KEY; it is no option, because every account can read the arguments
 * of a process. Throws CliError for an address that is no http URL.
 */
export function addressOf(env: Environment, given?: string): Address {
  const text =
    given?.trim() || textOf(env, 'TALARIA_URL') || `http://127.0.0.1:${textOf(env, 'API_SERVER_PORT') || DEFAULT_PORT}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const name = given === undefined ? 'TALARIA_URL' : '--url';
    throw new CliError(`${name} is ${JSON.stringify(text)}; expected a URL such as http://127.0.0.1:8642`, EXIT.usage);
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  const key = textOf(env, 'TALARIA_KEY') || textOf(env, 'API_SERVER_KEY');
  return { origin: `${url.origin}${path}`, ...(key && { key }) };
}
