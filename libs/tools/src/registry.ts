import { LIMITS, type Tool } from '#libs/contract';
import { currentTime } from './current-time/current-time.js';
import { openGuard, resolveWithSystem, type Resolve } from './guarded-fetch/guarded-fetch.js';
import { httpFetch } from './http-fetch/http-fetch.js';

export interface ToolSettings {
  /** Host names, addresses and CIDR blocks that http_fetch may reach although they are private. */
  readonly fetchAllowedHosts: readonly string[];
}

/** The outside world of the tools; replaced in tests. */
export interface ToolEdges {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly resolve: Resolve;
}

const REAL_EDGES: ToolEdges = { now: Date.now, resolve: resolveWithSystem };

/** All tools of this gateway. A new tool is a folder and a line here. Throws when a setting is malformed. */
export function createTools(settings: ToolSettings, { now, resolve }: ToolEdges = REAL_EDGES): Tool[] {
  return [currentTime(now), httpFetch(openGuard({ allowedHosts: settings.fetchAllowedHosts, resolve }))];
}

/**
 * The tools that the configuration names, each once, in the order of the names; for the start of a worker. Throws an
 * Error that says what is wrong: an unknown name, or a registry that `checkRegistry` refuses.
 */
export function toolsNamed(names: readonly string[], settings: ToolSettings): Tool[] {
  const tools = createTools(settings);
  checkRegistry(tools);
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return [...new Set(names)].map((name) => {
    const tool = byName.get(name);
    if (!tool) throw new Error(`There is no tool '${name}'. Known tools: ${[...byName.keys()].join(', ')}.`);
    return tool;
  });
}

const TOOL_NAME = new RegExp(`^[a-zA-Z0-9_-]{1,${LIMITS.toolNameCharsMax}}$`);

/** Throws an Error when two tools share a name or when an upstream would refuse the description of one. */
export function checkRegistry(tools: readonly Tool[]): void {
  const names = new Set<string>();
  for (const { name, description, parameters } of tools) {
    if (!TOOL_NAME.test(name)) throw new Error(`The tool name '${name}' does not match ${TOOL_NAME.source}.`);
    if (names.has(name)) throw new Error(`Two tools share the name '${name}'.`);
    if (description.trim() === '') throw new Error(`The tool '${name}' has no description.`);
    if (parameters['type'] !== 'object')
      throw new Error(`The parameters of the tool '${name}' are not an object schema.`);
    names.add(name);
  }
}
