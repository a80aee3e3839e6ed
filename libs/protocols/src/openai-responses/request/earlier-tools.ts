import { isJsonObject, LIMITS, type ClientTool, type JsonObject, type RunDraft } from '#libs/contract';
import { placeOf, refuse } from '../../request-place.js';
import { clientTools, customNames, decodeTools, namespacedNames, offeredNames } from './decode-tools.js';

/** The tools of `additional_tools` items of a response and of those before it, from its echo. */
export function additionalToolsIn(echo: JsonObject): readonly JsonObject[] {
  const tools = echo['additional'];
  return Array.isArray(tools) ? tools.filter(isJsonObject) : [];
}

/** The same of the items of a conversation. */
export function additionalToolsOf(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.flatMap(({ type, tools }) =>
    type === 'additional_tools' && Array.isArray(tools) ? tools.filter(isJsonObject) : [],
  );
}

/**
 * The draft with the tools that items of earlier turns brought: items hold for the turns after theirs. A tool of the
 * request replaces an earlier one of its name. Throws GatewayError `array_above_max_length`.
 */
export function withEarlierTools(draft: RunDraft, earlier: readonly JsonObject[]): RunDraft {
  if (earlier.length === 0) return draft;
  const { offered } = decodeTools(
    [],
    earlier.map((tool, i) => placeOf(tool, `tools[${i}]`)),
  );
  const own = new Set(draft.tools.map(({ name }) => name));
  const added = offered.filter(({ name }) => !own.has(name));
  const tools: readonly ClientTool[] = [...draft.tools, ...clientTools(added)];
  if (tools.length > LIMITS.toolsMax) {
    throw refuse('tools', `must have at most ${LIMITS.toolsMax} functions.`, 'array_above_max_length');
  }
  const { namespaced, offered: named, custom } = draft.echo;
  return {
    ...draft,
    tools,
    echo: {
      ...draft.echo,
      namespaced: { ...namespacedNames(added), ...(isJsonObject(namespaced) ? namespaced : {}) },
      offered: [...listOf(named), ...offeredNames(added)],
      custom: [...listOf(custom), ...customNames(added)],
      additional: newest([...earlier, ...additionalToolsIn(draft.echo)]),
    },
  };
}

/** Agents bring the same tools with every turn. */
const newest = (tools: readonly JsonObject[]): readonly JsonObject[] => [
  ...new Map(tools.map((tool) => [`${String(tool['type'])} ${String(tool['name'])}`, tool])).values(),
];

const listOf = (value: JsonObject[string]): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
