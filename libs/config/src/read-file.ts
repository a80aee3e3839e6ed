import { LineCounter, parseDocument } from 'yaml';
import { keyName } from './api-keys.js';
import { httpUrl, integer, listOf, matching, oneOf, secret, text } from './parsers.js';
import type { Problems } from './problems.js';
import { isMapping, readRecords, readText, type Fields, type Node, type RecordOf } from './read-fields.js';
import { VARIABLES } from './variables.js';

/** What the settings file says, checked in itself. */
export interface FileSettings {
  /** Texts by path (`api.port`), to be read like the variable of that path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly keys: readonly RecordOf<typeof KEY_FIELDS>[];
  readonly upstreams: readonly RecordOf<typeof UPSTREAM_FIELDS>[];
  readonly models: readonly RecordOf<typeof MODEL_FIELDS>[];
}

export const NO_FILE: FileSettings = { texts: new Map(), keys: [], upstreams: [], models: [] };

const variableName = matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');

const KEY_FIELDS = {
  name: { parser: keyName, required: true },
  key: { parser: secret, secret: true },
  key_env: { parser: variableName },
  role: { parser: oneOf('user', 'admin') },
} as const satisfies Fields;

const UPSTREAM_FIELDS = {
  name: { parser: keyName, required: true },
  provider: { parser: oneOf('openai', 'anthropic', 'demo'), required: true },
  base_url: { parser: httpUrl },
  api_key: { parser: secret, secret: true },
  api_key_env: { parser: variableName },
  retries: { parser: integer(0, 10) },
  first_byte_ms: { parser: integer(100, 3_600_000) },
  idle_ms: { parser: integer(100, 3_600_000) },
} as const satisfies Fields;

const MODEL_FIELDS = {
  name: { parser: text, required: true },
  upstream: { parser: text, required: true },
  model: { parser: text, required: true },
  fallback: { parser: listOf(text) },
} as const satisfies Fields;

const SETTINGS = VARIABLES.flatMap((variable) =>
  'path' in variable ? [{ path: variable.path, parser: variable.parser }] : [],
);
const KNOWN = ['auth.keys', 'upstreams', 'models', ...SETTINGS.map(({ path }) => path)];

/** Reads the text of a settings file. Everything unknown is a problem that names its path. */
export function parseSettings(content: string, fileName: string, problems: Problems): FileSettings {
  const root = parseYaml(content, fileName, problems);
  if (root === '') return NO_FILE;
  if (!isMapping(root)) {
    problems.add(fileName, 'expected keys such as api: and upstreams:');
    return NO_FILE;
  }
  const found = new Map<string, Node>();
  collect(root, '', { found, problems });
  const texts = new Map<string, string>();
  for (const { path, parser } of SETTINGS) {
    const node = found.get(path);
    const value = node === undefined ? undefined : readText(node, parser, { path, problems });
    if (value !== undefined) texts.set(path, value);
  }
  return {
    texts,
    keys: readRecords(found.get('auth.keys'), { path: 'auth.keys', problems }, KEY_FIELDS),
    upstreams: readRecords(found.get('upstreams'), { path: 'upstreams', problems }, UPSTREAM_FIELDS),
    models: readRecords(found.get('models'), { path: 'models', problems }, MODEL_FIELDS),
  };
}

interface Collected {
  readonly found: Map<string, Node>;
  readonly problems: Problems;
}

function collect(section: { readonly [key: string]: Node }, prefix: string, into: Collected): void {
  for (const [key, node] of Object.entries(section)) {
    const path = prefix + key;
    const isSection = KNOWN.some((known) => known.startsWith(`${path}.`));
    if (KNOWN.includes(path)) into.found.set(path, node);
    else if (isSection && isMapping(node)) collect(node, `${path}.`, into);
    else if (isSection && node !== '') into.problems.add(path, `expected the keys ${keysIn(`${path}.`)}`);
    else if (!isSection) into.problems.add(path, `unknown key; known here: ${keysIn(prefix)}`);
  }
}

function keysIn(prefix: string): string {
  const keys = KNOWN.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('.')[0]);
  return [...new Set(keys)].sort().join(', ');
}

/** `failsafe`: every scalar stays the text it is. A key of twenty digits would come out of a number as another key. */
function parseYaml(content: string, fileName: string, problems: Problems): Node {
  const lineCounter = new LineCounter();
  const options = { schema: 'failsafe', stringKeys: true, prettyErrors: false, logLevel: 'error' } as const;
  const document = parseDocument(content, { ...options, lineCounter });
  for (const { code, pos } of document.errors) {
    // Only place and code: the messages of the parser can quote the line, and the line can hold a key.
    const { line, col } = lineCounter.linePos(pos[0]);
    problems.add(`${fileName}, line ${line}, column ${col}`, `not valid YAML (${code})`);
  }
  if (document.errors.length > 0) return '';
  try {
    return (document.toJS({ maxAliasCount: ALIASES_MAX }) as Node | null) ?? '';
  } catch {
    // Unknown anchors and piled-up aliases are only found here.
    problems.add(fileName, 'its aliases (*name) cannot be resolved');
    return '';
  }
}

const ALIASES_MAX = 100;
