import { readFileSync } from 'node:fs';
import type { Problems } from '../values/problems.js';
import { NO_FILE, parseSettings, type FileSettings } from './read-file.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a file, or undefined when there is no such file. Throws when it cannot be read. */
export type ReadFile = (path: string) => string | undefined;

export type ServiceName = 'api' | 'worker' | 'scheduler' | 'store' | 'messenger';

/** The sources of the settings, the service that reads them, and the list of problems. */
export interface Sources {
  readonly env: Environment;
  /** Absent: all services, on one machine. */
  readonly service?: ServiceName;
  readonly readFile: ReadFile;
  readonly problems: Problems;
}

/** A variable's trimmed text, read from the file that `<name>_FILE` names when the variable may be kept in one. */
export function fromEnvironment(name: string, sources: Sources, mayBeFile: boolean): string | undefined {
  const { env, problems } = sources;
  const text = env[name]?.trim();
  const path = mayBeFile ? env[`${name}_FILE`]?.trim() : undefined;
  if (!path) return text;
  if (text) problems.add(name, `is set, and ${name}_FILE too; expected one of them`);
  const content = readOrReport(`${name}_FILE`, path, sources)?.trim();
  if (content === '') problems.add(`${name}_FILE`, 'a file with the secret in it, not an empty one', path);
  return content;
}

/** The settings file: the one that TALARIA_CONFIG names, otherwise the default one when it exists. */
export function readSettings(sources: Sources, defaultPath: string): FileSettings {
  const named = sources.env['TALARIA_CONFIG']?.trim();
  const content = named
    ? readOrReport('TALARIA_CONFIG', named, sources)
    : readIfThere('TALARIA_CONFIG', defaultPath, sources);
  return content === undefined ? NO_FILE : parseSettings(content, named || defaultPath, sources.problems);
}

/**
 * Whether the settings are read for that service. Services share a file, but not their secrets: a secret that only one
 * service uses is neither required nor read in another, whose environment need not hold it.
 */
export const isReadFor = ({ service }: Sources, name: ServiceName): boolean =>
  service === undefined || service === name;

/**
 * A secret in the file, or in the variable that the file names (`path` and `path_env`). Call this only where the secret
 * is used.
 */
export function secretOf(
  sources: Sources,
  path: string,
  given: { readonly text: string | undefined; readonly variable: string | undefined },
): string | undefined {
  const { text, variable } = given;
  if (variable === undefined) return text;
  if (text !== undefined) sources.problems.add(path, `is given, and ${path}_env too; expected one of them`);
  const value = fromEnvironment(variable, sources, true);
  if (!value) sources.problems.add(`${path}_env`, 'the name of a variable that is set', variable);
  return value || undefined;
}

/** The default ReadFile. */
export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

function readOrReport(where: string, path: string, sources: Sources): string | undefined {
  return readIfThere(where, path, sources, () => sources.problems.add(where, 'the path of a file that exists', path));
}

function readIfThere(where: string, path: string, sources: Sources, missing?: () => void): string | undefined {
  try {
    const content = sources.readFile(path);
    if (content === undefined) missing?.();
    return content;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    sources.problems.add(where, `the path of a file that can be read (${code})`, path);
    return undefined;
  }
}
