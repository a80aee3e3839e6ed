import { isJsonObject, LIMITS, type ClientTool, type JsonObject, type RunDraft } from '#libs/contract';
import { placeOf, refuse } from '../../request-place.js';
import { decodeToolChoice } from './decode-tool-choice.js';
import { clientTools, customNames, decodeTools, namespacedNames, offeredNames } from './decode-tools.js';

/** The tools from `additional_tools` items of a response and of earlier ones, from its echo. */
export function additionalToolsIn(echo: JsonObject): readonly JsonObject[] {
  const tools = echo['additional'];
  return Array.isArray(tools) ? tools.filter(isJsonObject) : [];
}

/** The same from the items of a conversation. */
export function additionalToolsOf(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.flatMap(({ type, tools }) =>
    type === 'additional_tools' && Array.isArray(tools) ? tools.filter(isJsonObject) : [],
  );
}

/**
 * The draft with the tools from items of earlier turns, because items also apply to later turns. A tool of the request
 * replaces an earlier one of the same name, and its `tool_choice` may name any of them. Throws GatewayError
 * `array_above_max_length`, and like `decodeToolChoice`.
 */
export function withEarlierTools(draft: RunDraft, earlier: readonly JsonObject[]): RunDraft {
  return withChoice(earlier.length === 0 ? draft : withTools(draft, earlier));
}

/** The choice among all tools, including earlier ones. */
function withChoice(draft: RunDraft): RunDraft {
  const { fields, offered, namespaced } = draft.echo;
  const choice = isJsonObject(fields) ? fields['tool_choice'] : undefined;
  if (!isJsonObject(choice) || draft.compacts) return draft;
  const places = isJsonObject(namespaced) ? namespaced : {};
  const tools = listOf(offered).map((name) => {
    const place = places[name];
    if (!isJsonObject(place)) return { name, ownName: name };
    return { name, ownName: String(place['name']), namespace: String(place['namespace']) };
  });
  const leftOut = (draft.leftOut ?? []).flatMap((name) => name.match(/^tools\.(.+)$/)?.[1] ?? []);
  return { ...draft, toolChoice: decodeToolChoice(choice, { offered: tools, leftOut }) };
}

function withTools(draft: RunDraft, earlier: readonly JsonObject[]): RunDraft {
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
