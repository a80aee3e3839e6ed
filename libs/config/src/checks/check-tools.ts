import { TOOL_NAMES } from '#libs/contract';
import type { Config } from '../config.js';
import { isReadFor, type Sources } from '../reading/sources.js';
import type { VariableName } from '../settings/variables.js';

/** Names with more edits than this are not typing errors for a known one. */
const EDITS_MAX = 3;

/**
 * Every tool that a list names must exist: a built-in one by its name, one of an MCP server by the part before `__`,
 * because a server's tools are only known after it is connected.
 */
export function checkTools({ agent, tools }: Pick<Config, 'agent' | 'tools'>, sources: Sources): void {
  if (!isReadFor(sources, 'worker')) return;
  const setting: VariableName = 'TOOLS';
  const servers = tools.mcpServers.map(({ name }) => `${name}__`);
  const check = (where: string, patterns: readonly string[]): void => {
    for (const pattern of patterns.filter((one) => !isKnown(one, servers))) {
      sources.problems.add(where, `names of tools${guess(pattern, servers)}`, pattern);
    }
  };
  check(setting, agent.tools);
  tools.toolsets.forEach(({ tools: patterns }, i) => check(`toolsets[${i}].tools`, patterns));
}

function isKnown(pattern: string, servers: readonly string[]): boolean {
  if (!pattern.endsWith('*')) {
    return TOOL_NAMES.some((name) => name === pattern) || servers.some((server) => pattern.startsWith(server));
  }
  const begin = pattern.slice(0, -1);
  const isPart = (name: string): boolean => name.startsWith(begin);
  return TOOL_NAMES.some(isPart) || servers.some((server) => isPart(server) || begin.startsWith(server));
}

function guess(pattern: string, servers: readonly string[]): string {
  const server = pattern.includes('__') ? pattern.slice(0, pattern.indexOf('__') + 2) : undefined;
  const known = server === undefined ? TOOL_NAMES : servers;
  const wanted = server ?? pattern.replace(/\*$/, '');
  const byEdits = known.map((name) => ({ name, edits: editsBetween(wanted.toLowerCase(), name) }));
  const [nearest] = byEdits.sort((a, b) => a.edits - b.edits);
  if (nearest && nearest.edits <= EDITS_MAX) {
    const rest = server === undefined ? '' : pattern.slice(server.length);
    return `; did you mean ${nearest.name}${rest}?`;
  }
  return server === undefined ? `: ${TOOL_NAMES.join(', ')}` : ' of servers in mcp_servers';
}

/** Letters to insert, remove or replace (Levenshtein). Both are names of at most 64 characters. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
