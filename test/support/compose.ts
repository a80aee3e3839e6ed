import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The keys of a service in docker-compose.yml that tests check. */
export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly user?: string;
  readonly volumes?: readonly (string | Readonly<Record<string, unknown>>)[];
  readonly networks?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | undefined>>;
}

export const composeText = (): string => readFileSync('docker-compose.yml', 'utf8');

/** docker-compose.yml with its merges done and its variables as they are written. */
export const readCompose = (): ComposeFile => parse(composeText(), { merge: true }) as ComposeFile;

const VARIABLE = /\$(?:\$|\{([A-Z_]+)(:?[-?])?([^}]*)\})/g;

/**
 * A text of the file as Compose would give it on, with the variables that stand in `.env`. Throws for one that must be
 * set.
 */
export function filledIn(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (whole, name: string | undefined, operator = '', word = '') => {
    if (name === undefined) return whole.slice(1);
    const value = env[name];
    const isSet = String(operator).startsWith(':') ? Boolean(value) : value !== undefined;
    if (isSet) return String(value);
    if (String(operator).endsWith('?')) throw new Error(`${name}: ${word}`);
    return String(word);
  });
}
