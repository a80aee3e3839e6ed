import { LIMITS, PROVIDER_NAMES } from '#libs/contract';
import { LineCounter, parseDocument } from 'yaml';
import { keyName } from '../values/api-keys.js';
import {
  httpUrl,
  integer,
  listOf,
  matching,
  oneOf,
  pattern,
  price,
  secret,
  text,
  toolPattern,
  yesOrNo,
} from '../values/parsers.js';
import type { Problems } from '../values/problems.js';
import {
  isMapping,
  readRecords,
  readText,
  textList,
  textMap,
  type Fields,
  type Node,
  type RecordOf,
} from './read-fields.js';
import { VARIABLES } from '../settings/variables.js';

/** The contents of the settings file, checked by themselves. */
export interface FileSettings {
  /** Texts by path (`api.port`), which are read like the variable of that path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly keys: readonly RecordOf<typeof KEY_FIELDS>[];
  readonly upstreams: readonly RecordOf<typeof UPSTREAM_FIELDS>[];
  readonly models: readonly RecordOf<typeof MODEL_FIELDS>[];
  readonly aliases: readonly RecordOf<typeof ALIAS_FIELDS>[];
  readonly toolsets: readonly RecordOf<typeof TOOLSET_FIELDS>[];
  readonly mcpServers: readonly RecordOf<typeof MCP_FIELDS>[];
  readonly chats: Readonly<Record<ChatPlatform, readonly RecordOf<typeof CHAT_FIELDS>[]>>;
  readonly approvals: readonly RecordOf<typeof APPROVAL_FIELDS>[];
}

export type ChatPlatform = 'telegram' | 'slack' | 'discord';

export const NO_FILE: FileSettings = {
  texts: new Map(),
  keys: [],
  upstreams: [],
  models: [],
  aliases: [],
  toolsets: [],
  mcpServers: [],
  chats: { telegram: [], slack: [], discord: [] },
  approvals: [],
};

const variableName = matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable');

const KEY_FIELDS = {
  name: { parser: keyName, required: true },
  key: { parser: secret, secret: true },
  key_env: { parser: variableName },
  role: { parser: oneOf('user', 'admin') },
  max_queued: { parser: integer(1, 10_000_000) },
  max_in_flight: { parser: integer(1, 1_000_000) },
  toolsets: { parser: listOf(keyName) },
} as const satisfies Fields;

const UPSTREAM_FIELDS = {
  name: { parser: keyName, required: true },
  provider: { parser: oneOf(...PROVIDER_NAMES), required: true },
  base_url: { parser: httpUrl },
  api_key: { parser: secret, secret: true },
  api_key_env: { parser: variableName },
  token_command: { node: textList },
  token_env_from: { parser: listOf(variableName) },
  oauth_token_url: { parser: httpUrl },
  oauth_device_url: { parser: httpUrl },
  oauth_client_id: { parser: text },
  oauth_client_secret_env: { parser: variableName },
  oauth_refresh_token_env: { parser: variableName },
  oauth_scope: { parser: text },
  retries: { parser: integer(0, 10) },
  first_byte_ms: { parser: integer(100, 3_600_000) },
  idle_ms: { parser: integer(100, 3_600_000) },
  files: { parser: oneOf('pass', 'text') },
  weight: { parser: integer(1, 1_000) },
  max_in_flight: { parser: integer(1, 1_000_000) },
  priority: { parser: integer(0, 1_000) },
} as const satisfies Fields;

const MODEL_FIELDS = {
  name: { parser: text, required: true },
  upstream: { parser: text },
  upstreams: { parser: listOf(text) },
  model: { parser: text, required: true },
  fallback: { parser: listOf(text) },
  context_tokens: { parser: integer(1_000, 100_000_000) },
  output_tokens: { parser: integer(1, 10_000_000) },
  price_input: { parser: price },
  price_cached_input: { parser: price },
  price_cache_write: { parser: price },
  price_output: { parser: price },
  toolsets: { parser: listOf(keyName) },
} as const satisfies Fields;

const ALIAS_FIELDS = {
  name: { parser: matching(/^[^*]{1,255}\*?$/, 'a name, or the beginning of names and *'), required: true },
  model: { parser: text, required: true },
} as const satisfies Fields;

const TOOLSET_FIELDS = {
  name: { parser: keyName, required: true },
  tools: { parser: listOf(toolPattern) },
} as const satisfies Fields;

/** A program may have to be fetched before it can be started. */
const CONNECT_SECONDS_MAX = 600;

const MCP_FIELDS = {
  // No underscore: `name__tool` is read from its beginning.
  name: { parser: matching(/^[a-zA-Z0-9-]{1,32}$/, 'a name of 1 to 32 of A-Z a-z 0-9 -'), required: true },
  command: { parser: text },
  args: { node: textList },
  env: { node: textMap },
  env_from: { parser: listOf(variableName) },
  url: { parser: httpUrl },
  headers: { node: textMap },
  token_env: { parser: variableName },
  tools: { node: textList },
  // Less than a tool may take, so that the model reads which server was slow.
  timeout_seconds: { parser: integer(1, LIMITS.toolSecondsMax - 5) },
  // As long as a run may be set to last; the limit of the run itself applies, too.
  task_timeout_seconds: { parser: integer(1, 604_800) },
  connect_timeout_seconds: { parser: integer(1, CONNECT_SECONDS_MAX) },
  approval: { parser: oneOf('never', 'always') },
  images: { parser: yesOrNo },
} as const satisfies Fields;

const CHAT_FIELDS = {
  chat: { parser: matching(/^(-?\d{1,20}|[CDG][A-Z0-9]{1,20})$/, 'the id of a chat'), required: true },
  thread: { parser: matching(/^\d{1,20}(\.\d{1,10})?$/, 'the id of a topic or thread') },
  key: { parser: keyName },
  model: { parser: text },
  prompt: { parser: text },
  toolsets: { parser: listOf(keyName) },
} as const satisfies Fields;

const APPROVAL_FIELDS = {
  tool: { parser: matching(/^[A-Za-z0-9_*-]{1,64}$/, 'the name of a tool, * for any characters'), required: true },
  match: { parser: pattern },
  policy: { parser: oneOf('never', 'always'), required: true },
} as const satisfies Fields;

const SETTINGS = VARIABLES.flatMap((variable) =>
  'path' in variable ? [{ path: variable.path, parser: variable.parser }] : [],
);
const LISTS = [
  'auth.keys',
  'upstreams',
  'models',
  'aliases',
  'toolsets',
  'mcp_servers',
  'telegram.chats',
  'slack.chats',
  'discord.chats',
  'approvals.rules',
];
const KNOWN = [...LISTS, ...SETTINGS.map(({ path }) => path)];

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
  const chatsOf = (platform: ChatPlatform) =>
    readRecords(found.get(`${platform}.chats`), { path: `${platform}.chats`, problems }, CHAT_FIELDS);
  return {
    texts,
    keys: readRecords(found.get('auth.keys'), { path: 'auth.keys', problems }, KEY_FIELDS),
    upstreams: readRecords(found.get('upstreams'), { path: 'upstreams', problems }, UPSTREAM_FIELDS),
    models: readRecords(found.get('models'), { path: 'models', problems }, MODEL_FIELDS),
    aliases: readRecords(found.get('aliases'), { path: 'aliases', problems }, ALIAS_FIELDS),
    toolsets: readRecords(found.get('toolsets'), { path: 'toolsets', problems }, TOOLSET_FIELDS),
    mcpServers: readRecords(found.get('mcp_servers'), { path: 'mcp_servers', problems }, MCP_FIELDS),
    chats: { telegram: chatsOf('telegram'), slack: chatsOf('slack'), discord: chatsOf('discord') },
    approvals: readRecords(found.get('approvals.rules'), { path: 'approvals.rules', problems }, APPROVAL_FIELDS),
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

/** `failsafe`: every scalar stays text. As a number, a key of twenty digits would become another key. */
function parseYaml(content: string, fileName: string, problems: Problems): Node {
  const lineCounter = new LineCounter();
  const options = { schema: 'failsafe', stringKeys: true, prettyErrors: false, logLevel: 'error' } as const;
  const document = parseDocument(content, { ...options, lineCounter });
  for (const { code, pos } of document.errors) {
    // Only place and code are reported: the parser's messages can quote the line, and the line can contain a key.
    const { line, col } = lineCounter.linePos(pos[0]);
    problems.add(`${fileName}, line ${line}, column ${col}`, `not valid YAML (${code})`);
  }
  if (document.errors.length > 0) return '';
  try {
    return (document.toJS({ maxAliasCount: ALIASES_MAX }) as Node | null) ?? '';
  } catch {
    // Unknown anchors and excessive aliases are only found here.
    problems.add(fileName, 'its aliases (*name) cannot be resolved');
    return '';
  }
}

const ALIASES_MAX = 100;
