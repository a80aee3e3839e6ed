import { type ClientTool, isJsonObject, isTooDeep, type JsonObject, type JsonValue } from '#libs/contract';
import { readPythonCall } from './python-call.js';

/** A call found in a text. `arguments` is JSON. */
export interface WrittenCall {
  readonly name: string;
  readonly arguments: string;
}

/**
 * Reads a text as a call: a form of `CallText` that fits one of the tools. That is `{name, arguments}`, a Python call,
 * or, when only one tool may be called, that tool's bare arguments. Undefined: the text is just text.
 */
export function readCall(text: string, tools: readonly ClientTool[]): WrittenCall | undefined {
  const trimmed = text.trim();
  const block = /^```(json|tool_code)[ \t\r]*\n([\s\S]*)```$/.exec(trimmed);
  const body = block?.[2] ?? trimmed;
  const value = parse(body);
  if (value) return fromObject(value, tools);
  return block?.[1] === 'tool_code' ? fromPython(body, tools) : undefined;
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isJsonObject(value) && !isTooDeep(value) ? value : undefined;
  } catch {
    // Not JSON: it may be a Python call, or it is text.
    return undefined;
  }
}

function fromObject(value: JsonObject, tools: readonly ClientTool[]): WrittenCall | undefined {
  const named = tools.find((tool) => tool.name === value['name']);
  const given = value['arguments'];
  const args = typeof given === 'string' ? parse(given) : isJsonObject(given) ? given : undefined;
  if (named && args && Object.keys(value).every((key) => CALL_KEYS.has(key))) return written(named, args);
  const [only, ...others] = tools;
  return only && others.length === 0 && fits(value, only) ? written(only, value) : undefined;
}

const CALL_KEYS: ReadonlySet<string> = new Set(['name', 'arguments', 'id', 'type']);

function fromPython(code: string, tools: readonly ClientTool[]): WrittenCall | undefined {
  const call = readPythonCall(code);
  const tool = call && tools.find(({ name }) => name === call.name);
  if (!call || !tool) return undefined;
  if (call.positional.length === 0) return written(tool, call.keywords);
  // Positions are ambiguous unless there is only one.
  const [only, ...others] = Object.keys(propertiesOf(tool));
  const [value, ...rest] = call.positional;
  const isPlain = only !== undefined && others.length + rest.length + Object.keys(call.keywords).length === 0;
  return isPlain ? written(tool, { [only]: value }) : undefined;
}

/** Whether an object looks like a tool's arguments: it has everything that is required, and nothing that is unknown. */
function fits(value: JsonObject, { parameters = {} }: ClientTool): boolean {
  const required = parameters['required'];
  const hasAll =
    !Array.isArray(required) || required.every((key) => typeof key !== 'string' || Object.hasOwn(value, key));
  const { properties, additionalProperties } = parameters;
  if (!isJsonObject(properties) || (additionalProperties ?? false) !== false) return hasAll;
  return hasAll && Object.keys(value).every((key) => Object.hasOwn(properties, key));
}

function propertiesOf({ parameters = {} }: ClientTool): JsonObject {
  const { properties } = parameters;
  return isJsonObject(properties) ? properties : {};
}

function written(tool: ClientTool, args: JsonObject): WrittenCall {
  return { name: tool.name, arguments: JSON.stringify(args) };
}
