import { LIMITS, type ClientTool, type JsonObject, type ToolChoice } from '#libs/contract';
import { customFunction, decodeGrammar } from '../custom-tools.js';
import {
  aFilledList,
  innerObject,
  functionName,
  kind,
  maybeFlag,
  maybeJsonSchema,
  maybeText,
  oneOfWords,
  shape,
} from '../dto/shape.js';
import {
  optionalPlace,
  optionalText,
  placeOf,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../request-place.js';

/** A function that the caller offers, with the fields that Chat Completions and Responses share. */
export const FUNCTION_FIELDS = {
  name: functionName(),
  description: maybeText('What it does, for the model.'),
  parameters: maybeJsonSchema('JSON Schema of the arguments.'),
  strict: maybeFlag(),
};

const FUNCTION = shape(FUNCTION_FIELDS);
const FUNCTION_TOOL = shape({ type: kind('function'), function: innerObject(FUNCTION) });
const NAMED_FUNCTION = shape({
  type: kind('function'),
  function: innerObject(shape({ name: functionName() })),
});
const ALLOWED = shape({
  mode: oneOfWords('auto', 'required'),
  tools: aFilledList(NAMED_FUNCTION.schema, LIMITS.toolsMax),
});
const ALLOWED_TOOLS = shape({ type: kind('allowed_tools'), allowed_tools: innerObject(ALLOWED) });

/** JSON Schema of a tool that `decodeTools` reads. Custom tools are read, too, but not documented. */
export const CHAT_TOOL = FUNCTION_TOOL.schema;

/** JSON Schemas of what `decodeToolChoice` reads. */
export const CHAT_TOOL_CHOICES: readonly JsonObject[] = [
  { enum: ['none', 'auto', 'required'] },
  NAMED_FUNCTION.schema,
  ALLOWED_TOOLS.schema,
];

export interface DecodedTools {
  readonly tools: readonly ClientTool[];
  /** Names of the tools with free text: the caller gets their calls back as calls of type `custom`. */
  readonly custom: readonly string[];
  /** Types of entries that the gateway does not execute; the model does not see them. */
  readonly leftOut: readonly string[];
}

/**
 * `tools` with unique names; their number was checked with the DTO. Hosted tools do not fail a request, because agents
 * send them together with their functions to every upstream.
 */
export function decodeTools(list: readonly unknown[]): DecodedTools {
  const tools = new Map<string, ClientTool>();
  const custom: string[] = [];
  const leftOut: string[] = [];
  list.forEach((value, i) => {
    const place = placeOf(value, `tools[${i}]`);
    const type = requiredText(place, 'type');
    if (type !== 'function' && type !== 'custom') return leftOut.push(type);
    const tool = type === 'custom' ? decodeCustom(place) : decodeFunction(place);
    if (tools.has(tool.name)) throw refuse(`tools[${i}].${type}.name`, 'is the name of an earlier tool.');
    if (type === 'custom') custom.push(tool.name);
    return tools.set(tool.name, tool);
  });
  return { tools: [...tools.values()], custom, leftOut };
}

/** `tool_choice` in its published forms. A tool that it names must be one of `tools`. */
export function decodeToolChoice(choice: string | JsonObject | undefined, tools: readonly ClientTool[]): ToolChoice {
  if (choice === undefined) return { kind: 'auto' };
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice };
  if (typeof choice === 'string') throw refuse('tool_choice', 'must be none, auto, required or an object.');
  const place = { object: choice, path: 'tool_choice' };
  const type = requiredText(place, 'type');
  if (type === 'function' || type === 'custom') return { kind: 'named', name: offeredName(place, type, tools) };
  if (type !== 'allowed_tools') throw refuse('tool_choice.type', 'must be function, custom or allowed_tools.');
  return decodeAllowedTools(ALLOWED_TOOLS.read(place, 'allowed_tools'), tools);
}

function decodeFunction(place: Place): ClientTool {
  return FUNCTION.parse(FUNCTION_TOOL.read(place, 'function'));
}

/**
 * In Chat Completions the grammar is nested one object deeper than in Responses (OpenAI API reference, custom tools).
 */
function decodeCustom(place: Place): ClientTool {
  const definition = requiredPlace(place, 'custom');
  const format = optionalPlace(definition, 'format');
  const nested = format && optionalPlace(format, 'grammar');
  const grammar = format && optionalText(format, 'type') === 'grammar' ? decodeGrammar(nested ?? format) : undefined;
  return customFunction(FUNCTION.read(definition, 'name'), optionalText(definition, 'description'), grammar);
}

function decodeAllowedTools(place: Place, tools: readonly ClientTool[]): ToolChoice {
  const { mode, tools: list } = ALLOWED.parse(place);
  const names = list.map((item, i) => {
    const allowed = placeOf(item, `${place.path}.tools[${i}]`);
    const type = requiredText(allowed, 'type');
    if (type === 'function' || type === 'custom') return offeredName(allowed, type, tools);
    throw refuse(`${allowed.path}.type`, 'must be function or custom.', 'unsupported_parameter');
  });
  return { kind: 'allowed', mode, names: [...new Set(names)] };
}

function offeredName(place: Place, type: 'function' | 'custom', tools: readonly ClientTool[]): string {
  const definition = requiredPlace(place, type);
  const name = requiredText(definition, 'name');
  if (tools.some((tool) => tool.name === name)) return name;
  throw refuse(`${definition.path}.name`, "must be the name of one of 'tools'.");
}
