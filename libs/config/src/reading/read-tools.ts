import type { McpServerConfig, ToolsConfig, ToolsetUse } from '../config.js';
import type { FileSettings } from './read-file.js';
import { fromEnvironment, isReadFor, secretOf, type Sources } from './sources.js';

/** Toolsets, who may use which, and the MCP servers. These settings exist in the file only. */
export function readTools(sources: Sources, file: FileSettings): ToolsConfig {
  const toolsets = file.toolsets.map(({ name, tools }) => ({ name: name ?? '', tools: tools ?? [] }));
  const servers = file.mcpServers.flatMap((entry) => mcpServer(sources, entry) ?? []);
  assertUnique(sources, 'toolsets', toolsets);
  assertUnique(sources, 'mcp_servers', servers);
  const uses = (entries: readonly Entry[]): ToolsetUse[] => toolsetUses(sources, entries, toolsets);
  return { toolsets, byKey: uses(file.keys), byModel: uses(file.models), mcpServers: servers };
}

interface Entry {
  readonly path: string;
  readonly name?: string;
  readonly toolsets?: readonly string[];
}

function toolsetUses(
  { problems }: Sources,
  entries: readonly Entry[],
  known: readonly { readonly name: string }[],
): ToolsetUse[] {
  return entries.flatMap(({ path, name, toolsets }) => {
    if (name === undefined || toolsets === undefined) return [];
    for (const wanted of toolsets) {
      if (!known.some((set) => set.name === wanted)) problems.add(`${path}.toolsets`, 'names of toolsets', wanted);
    }
    return [{ name, toolsets }];
  });
}

function assertUnique({ problems }: Sources, list: string, entries: readonly { readonly name: string }[]): void {
  const names = entries.map(({ name }) => name);
  names.forEach((name, index) => {
    if (name && names.indexOf(name) < index) problems.add(`${list}[${index}].name`, 'a name of its own', name);
  });
}

const TIMEOUT_SECONDS_DEFAULT = 60;
const TASK_TIMEOUT_SECONDS_DEFAULT = 1_800;
const CONNECT_TIMEOUT_SECONDS_DEFAULT = 60;

function mcpServer(sources: Sources, entry: FileSettings['mcpServers'][number]): McpServerConfig | undefined {
  const { path, name = '', command, url, tools, approval, images } = entry;
  if ((command === undefined) === (url === undefined)) {
    sources.problems.add(path, 'expected either command, for a program, or url, for a server on the network');
    return undefined;
  }
  const foreign = Object.keys(entry).filter((key) => (url === undefined ? HTTP_KEYS : STDIO_KEYS).has(key));
  for (const key of foreign) {
    sources.problems.add(`${path}.${key}`, `has no meaning beside ${url === undefined ? 'command' : 'url'}`);
  }
  return {
    name,
    transport: url === undefined ? stdio(sources, entry, command ?? '') : http(sources, entry, url),
    ...(tools !== undefined && { tools }),
    timeoutSeconds: entry.timeout_seconds ?? TIMEOUT_SECONDS_DEFAULT,
    taskTimeoutSeconds: entry.task_timeout_seconds ?? TASK_TIMEOUT_SECONDS_DEFAULT,
    connectTimeoutSeconds: entry.connect_timeout_seconds ?? CONNECT_TIMEOUT_SECONDS_DEFAULT,
    approval: approval ?? 'never',
    images: images ?? true,
  };
}

const STDIO_KEYS: ReadonlySet<string> = new Set(['args', 'env', 'env_from']);
const HTTP_KEYS: ReadonlySet<string> = new Set(['headers', 'token_env']);

/** Variables that a program needs to be found and to find its files. All others must be passed on by name. */
export const INHERITED = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR'];

function stdio(
  sources: Sources,
  { path, args = [], env = {}, env_from = [] }: FileSettings['mcpServers'][number],
  command: string,
): McpServerConfig['transport'] {
  const names = isReadFor(sources, 'worker') ? [...INHERITED, ...env_from] : [];
  const passed = names.map((name) => [name, fromEnvironment(name, sources, true)] as const);
  for (const [name, value] of passed) {
    if (!value && env_from.includes(name))
      sources.problems.add(`${path}.env_from`, 'names of variables that are set', name);
  }
  const given = Object.fromEntries(passed.flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return { kind: 'stdio', command, args, env: { ...given, ...env } };
}

function http(
  sources: Sources,
  { path, headers = {}, token_env }: FileSettings['mcpServers'][number],
  url: string,
): McpServerConfig['transport'] {
  const token = isReadFor(sources, 'worker')
    ? secretOf(sources, `${path}.token`, { text: undefined, variable: token_env })
    : undefined;
  return {
    kind: 'http',
    url,
    headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
  };
}
