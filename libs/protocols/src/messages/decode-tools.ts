import { LIMITS, type ClientTool, type JsonObject, type ToolChoice } from '#libs/contract';
import { checkSchemaSize } from '../json-schema-size.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalFlag,
  optionalPlace,
  optionalText,
  placeOf,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../request-place.js';
import { isFunctionName, NAME_PROBLEM } from '../function-name.js';

/** `tools`: functions with unique names. The number of them was checked with the DTO. */
export function decodeTools(list: readonly unknown[]): readonly ClientTool[] {
  const names = new Set<string>();
  return list.map((value, i) => {
    const tool = decodeTool(placeOf(value, `tools[${i}]`));
    if (names.has(tool.name)) throw refuse(`tools[${i}].function.name`, 'is the name of an earlier tool.');
    names.add(tool.name);
    return tool;
  });
}

/** `tool_choice` in its published forms. A tool that it names must be one of `tools`. */
export function decodeToolChoice(choice: string | JsonObject | undefined, tools: readonly ClientTool[]): ToolChoice {
  if (choice === undefined) return { kind: 'auto' };
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice };
  if (typeof choice === 'string') throw refuse('tool_choice', 'must be none, auto, required or an object.');
  const place = { object: choice, path: 'tool_choice' };
  const type = requiredText(place, 'type');
  if (type === 'function') return { kind: 'named', name: offeredName(place, tools) };
  if (type !== 'allowed_tools') throw refuse('tool_choice.type', 'must be function or allowed_tools.');
  return decodeAllowedTools(requiredPlace(place, 'allowed_tools'), tools);
}

function decodeTool(place: Place): ClientTool {
  requireFunctionType(place);
  const definition = requiredPlace(place, 'function');
  const name = requiredText(definition, 'name');
  if (!isFunctionName(name)) throw refuse(`${definition.path}.name`, NAME_PROBLEM);
  const description = optionalText(definition, 'description');
  const parameters = optionalPlace(definition, 'parameters');
  if (parameters) checkSchemaSize(parameters);
  const strict = optionalFlag(definition, 'strict');
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parameters: parameters.object }),
    ...(strict !== undefined && { strict }),
  };
}

function decodeAllowedTools(place: Place, tools: readonly ClientTool[]): ToolChoice {
  const mode = requiredText(place, 'mode');
  if (mode !== 'auto' && mode !== 'required') throw refuse(`${place.path}.mode`, 'must be auto or required.');
  const path = `${place.path}.tools`;
  const value = fieldOf(place, 'tools');
  if (value === undefined) throw missing(path);
  const list = listOf(value, path, LIMITS.toolsMax);
  if (list.length === 0) throw refuse(path, 'must not be empty.');
  const names = list.map((item, i) => {
    const allowed = placeOf(item, `${path}[${i}]`);
    requireFunctionType(allowed);
    return offeredName(allowed, tools);
  });
  return { kind: 'allowed', mode, names: [...new Set(names)] };
}

function offeredName(place: Place, tools: readonly ClientTool[]): string {
  const definition = requiredPlace(place, 'function');
  const name = requiredText(definition, 'name');
  if (tools.some((tool) => tool.name === name)) return name;
  throw refuse(`${definition.path}.name`, "must be the name of one of 'tools'.");
}

function requireFunctionType(place: Place): void {
  if (requiredText(place, 'type') === 'function') return;
  throw refuse(
    `${place.path}.type`,
    'must be function: other kinds of tools are not supported.',
    'unsupported_parameter',
  );
}
