import { LIMITS, type JsonObject, type ToolChoice } from '#libs/contract';
import { FUNCTION_NAME, object } from '../../dto/fragments.js';
import { aFilledList, kind, oneOfWords, shape } from '../../dto/shape.js';
import { optionalText, placeOf, refuse, requiredText, type Place } from '../../request-place.js';
import type { DecodedTools, OfferedTool } from './decode-tools.js';

const ALLOWED_TOOLS = shape({
  type: kind('allowed_tools'),
  mode: oneOfWords('auto', 'required'),
  tools: aFilledList({ type: 'object' }, LIMITS.toolsMax),
});

/** JSON Schemas of what `decodeToolChoice` reads. */
export const RESPONSES_TOOL_CHOICES: readonly JsonObject[] = [
  { enum: ['none', 'auto', 'required'] },
  object({ type: { const: 'function' }, name: FUNCTION_NAME, namespace: FUNCTION_NAME }, ['type', 'name']),
  ALLOWED_TOOLS.schema,
];

/** The tools that a choice may name. */
export interface ChoosableTools extends Pick<DecodedTools, 'leftOut'> {
  readonly offered: readonly Pick<OfferedTool, 'name' | 'ownName' | 'namespace'>[];
}

/**
 * `tool_choice` in its published forms. Every name must be one of `tools`. A tool that was left out may be in a list of
 * allowed tools, but a choice that demands it is refused, because no answer could satisfy it.
 */
export function decodeToolChoice(choice: string | JsonObject | undefined, tools: ChoosableTools): ToolChoice {
  if (choice === undefined) return { kind: 'auto' };
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice };
  if (typeof choice === 'string') throw refuse('tool_choice', 'must be none, auto, required or an object.');
  const place: Place = { object: choice, path: 'tool_choice' };
  const type = requiredText(place, 'type');
  if (type === 'function' || type === 'custom') return { kind: 'named', name: offeredBy(place, tools).name };
  if (type === 'allowed_tools') return decodeAllowed(place, tools);
  throw refuse(
    'tool_choice',
    'demands a tool that nobody here executes: only functions, custom tools and allowed_tools can be chosen.',
    'unsupported_parameter',
  );
}

function decodeAllowed(place: Place, tools: ChoosableTools): ToolChoice {
  const path = `${place.path}.tools`;
  const { mode, tools: list } = ALLOWED_TOOLS.parse(place);
  const names = list.flatMap((item, i) => allowedNames(placeOf(item, `${path}[${i}]`), tools));
  if (names.length > 0) return { kind: 'allowed', mode, names: [...new Set(names)] };
  if (mode === 'auto') return { kind: 'none' };
  throw refuse(
    path,
    'demands a tool that nobody here executes: only functions and custom tools can be required.',
    'unsupported_parameter',
  );
}

function allowedNames(place: Place, tools: ChoosableTools): readonly string[] {
  const type = requiredText(place, 'type');
  if (type === 'function' || type === 'custom') return [offeredBy(place, tools).name];
  if (type === 'namespace') return namesOfNamespace(place, tools);
  if (tools.leftOut.includes(type)) return [];
  throw refuse(`${place.path}.type`, "must be the type of one of 'tools'.");
}

function namesOfNamespace(place: Place, { offered }: ChoosableTools): readonly string[] {
  const namespace = requiredText(place, 'name');
  const names = offered.filter((tool) => tool.namespace === namespace).map((tool) => tool.name);
  if (names.length > 0) return names;
  throw refuse(`${place.path}.name`, "must be the name of a namespace in 'tools'.");
}

/** Finds a function by its name, with `namespace` where it is in one. Without a namespace the name may be enough. */
function offeredBy(place: Place, { offered }: ChoosableTools): ChoosableTools['offered'][number] {
  const name = requiredText(place, 'name');
  const namespace = optionalText(place, 'namespace');
  const named = offered.filter((tool) => tool.ownName === name);
  const exact = named.find((tool) => tool.namespace === namespace);
  const only = namespace === undefined && named.length === 1 ? named[0] : undefined;
  const tool = exact ?? only;
  if (tool) return tool;
  throw refuse(`${place.path}.name`, "must be the name of one of 'tools'.");
}
