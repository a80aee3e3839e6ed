import { fromEnvironment, type Sources } from './sources.js';
import type { FileSettings } from './read-file.js';
import type { Variable } from '../settings/variable.js';
import { VARIABLES, type Values, type VariableName } from '../settings/variables.js';

export interface ReadValues {
  readonly values: Values;
  /** The settings that were made; all others are defaults. */
  readonly given: ReadonlySet<VariableName>;
}

/** Reads every variable: environment first, then the file, then the default. A bad one is reported. */
export function readVariables(sources: Sources, file: FileSettings): ReadValues {
  const values: Partial<Record<VariableName, unknown>> = {};
  const given = new Set<VariableName>();
  for (const variable of VARIABLES) {
    const source = findText(variable, sources, file);
    if (source) given.add(variable.name);
    const value = source && parse(variable, source, sources);
    values[variable.name] = value ?? defaultOf(variable);
  }
  return { values: values as Values, given };
}

interface SourceText {
  readonly where: string;
  readonly text: string;
}

function findText(variable: Variable, sources: Sources, file: FileSettings): SourceText | undefined {
  const { name, path, emptyIsNone, secret } = variable;
  const fromEnv = fromEnvironment(name, sources, secret === true);
  if (fromEnv || (fromEnv === '' && emptyIsNone)) return { where: name, text: fromEnv };
  const fromFile = path === undefined ? undefined : file.texts.get(path);
  if (fromFile || (fromFile === '' && emptyIsNone)) return { where: path ?? name, text: fromFile };
  return undefined;
}

function parse({ parser, secret }: Variable, { where, text }: SourceText, { problems }: Sources): unknown {
  const value = parser.parse(text);
  if (value !== undefined) return value;
  if (secret) problems.add(where, `not usable; expected ${parser.expected}`);
  else problems.add(where, parser.expected, text);
  return undefined;
}

function defaultOf(variable: Variable): unknown {
  return variable.default === undefined ? undefined : variable.parser.parse(variable.default);
}
