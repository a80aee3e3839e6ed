import { type ClientTool, type JsonObject, type ToolChoice } from '#libs/contract';
import { markOf } from './decode-blocks.js';
import { isFunctionName, NAME_PROBLEM } from '../../function-name.js';
import { checkSchemaSize } from '../../json-schema-size.js';
import {
  optionalFlag,
  optionalPlace,
  optionalText,
  placeOf,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';

export interface DecodedTools {
  readonly offered: readonly ClientTool[];
  /**
   * Types of entries that Anthropic defines. The gateway does not know their schemas, so the model does not see them.
   */
  readonly leftOut: readonly string[];
}

/** `tools`: functions of the caller with unique names. Entries of other types never fail a request. */
export function decodeTools(list: readonly unknown[]): DecodedTools {
  const offered: ClientTool[] = [];
  const leftOut: string[] = [];
  const names = new Set<string>();
  list.forEach((value, i) => {
    const place = placeOf(value, `tools[${i}]`);
    const type = optionalText(place, 'type') ?? 'custom';
    if (type !== 'custom') {
      leftOut.push(type);
      return;
    }
    const tool = toolOf(place);
    if (names.has(tool.name)) throw refuse(`${place.path}.name`, 'is the name of an earlier tool.');
    names.add(tool.name);
    offered.push(tool);
  });
  return { offered, leftOut };
}

function toolOf(place: Place): ClientTool {
  const name = requiredText(place, 'name');
  if (!isFunctionName(name)) throw refuse(`${place.path}.name`, NAME_PROBLEM);
  const schema = optionalPlace(place, 'input_schema');
  if (!schema) throw refuse(`${place.path}.input_schema`, 'is required.', 'missing_required_parameter');
  checkSchemaSize(schema);
  const description = optionalText(place, 'description');
  const strict = optionalFlag(place, 'strict');
  const cacheMark = markOf(place);
  return {
    name,
    ...(description !== undefined && { description }),
    parameters: schema.object,
    ...(strict !== undefined && { strict }),
    ...(cacheMark && { cacheMark }),
  };
}

export interface DecodedChoice {
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls?: boolean;
}

/** `tool_choice`. A tool that it names must be one of `tools`. */
export function decodeToolChoice(choice: JsonObject | undefined, { offered }: DecodedTools): DecodedChoice {
  if (!choice) return { toolChoice: { kind: 'auto' } };
  const place: Place = { object: choice, path: 'tool_choice' };
  const single = optionalFlag(place, 'disable_parallel_tool_use') === true && { parallelToolCalls: false };
  switch (requiredText(place, 'type')) {
    case 'auto':
      return { toolChoice: { kind: 'auto' }, ...single };
    case 'any':
      return { toolChoice: { kind: 'required' }, ...single };
    case 'none':
      return { toolChoice: { kind: 'none' } };
    case 'tool': {
      const name = requiredText(place, 'name');
      if (!offered.some((tool) => tool.name === name)) {
        throw refuse('tool_choice.name', "must be the name of one of 'tools'.");
      }
      return { toolChoice: { kind: 'named', name }, ...single };
    }
    default:
      throw refuse('tool_choice.type', 'must be one of auto, any, tool, none.');
  }
}
