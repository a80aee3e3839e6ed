import { LIMITS, type ClientTool, type JsonObject, type JsonValue } from '#libs/contract';
import { customFunction, decodeGrammar } from '../../custom-tools.js';
import { functionName, kind, shape } from '../../dto/shape.js';
import { object, oneOf, text } from '../../dto/fragments.js';
import { FUNCTION_FIELDS } from '../../messages/decode-tools.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalPlace,
  optionalText,
  placeOf,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';
import { flatName } from '../flat-name.js';

const { name: NAME_FIELD, ...SETTINGS } = FUNCTION_FIELDS;
const FUNCTION = shape({ type: kind('function'), name: NAME_FIELD, ...SETTINGS });
const NAMED = shape({ name: functionName() });
const FUNCTION_SETTINGS = shape(SETTINGS);

/** JSON Schema of a tool that `decodeTools` reads. Custom tools are read, too, but not documented. */
export const RESPONSES_TOOL: JsonObject = oneOf(
  FUNCTION.schema,
  object({ type: { const: 'namespace' }, name: NAME_FIELD.schema, tools: { type: 'array', items: FUNCTION.schema } }, [
    'type',
    'name',
    'tools',
  ]),
  object({ type: text('Any other: left out of what the model sees, and named in a header of the answer.') }, ['type']),
);

/** A function of the request, by the name that the model sees and by the caller's names. */
export interface OfferedTool extends ClientTool {
  readonly ownName: string;
  readonly namespace?: string;
  /** A tool with free text, whose calls the caller gets as `custom_tool_call`. */
  readonly isCustom?: true;
}

export interface DecodedTools {
  readonly offered: readonly OfferedTool[];
  /** `tools` as the response object repeats them: without those left out, and functions with all four keys. */
  readonly echoed: readonly JsonObject[];
  /** Types of entries that the gateway does not execute; the model does not see them. */
  readonly leftOut: readonly string[];
}

/**
 * `tools`: functions, custom tools, and namespaces of both, with unique names. Hosted tools never fail a request,
 * because command-line agents send them with every one. Throws GatewayError that names the place, also for more than
 * LIMITS.toolsMax tools in all.
 * @param additional tools of the input's own items. Each turn may bring them again, so a later one replaces an earlier
 *   one.
 */
export function decodeTools(list: readonly unknown[], additional: readonly Place[] = []): DecodedTools {
  const reader = new ToolReader();
  list.forEach((value, i) => reader.take(placeOf(value, `tools[${i}]`)));
  reader.mayReplace = true;
  additional.forEach((place) => reader.take(place));
  return reader;
}

/** Chat Completions has the settings of a function one level deeper; whoever moves from there meets this first. */
function assertFlat(place: Place): void {
  const isNested = fieldOf(place, 'name') === undefined && fieldOf(place, 'function') !== undefined;
  if (!isNested) return;
  const what = "is required. This tool has the shape of Chat Completions: here 'name' stands beside 'type'.";
  throw refuse(`${place.path}.name`, what, 'missing_required_parameter');
}

class ToolReader implements DecodedTools {
  readonly echoed: JsonObject[] = [];
  readonly leftOut: string[] = [];
  mayReplace = false;
  private readonly byName = new Map<string, OfferedTool>();

  get offered(): readonly OfferedTool[] {
    return [...this.byName.values()];
  }

  take(place: Place): void {
    const type = requiredText(place, 'type');
    const echoed = type === 'namespace' ? this.takeNamespace(place) : this.takeTool(type, place);
    // The response repeats the request's `tools`, but not those of its items.
    if (echoed && !this.mayReplace) this.echoed.push(echoed);
  }

  /** undefined when the gateway does not execute this type. */
  private takeTool(type: string, place: Place, namespace?: string): JsonObject | undefined {
    if (type === 'function') return this.takeFunction(place, namespace);
    if (type === 'custom') return this.takeCustom(place, namespace);
    this.leftOut.push(type);
    return undefined;
  }

  private takeNamespace(place: Place): JsonObject {
    const namespace = NAMED.read(place, 'name');
    const description = optionalText(place, 'description') ?? '';
    const tools: JsonObject[] = [];
    for (const tool of this.toolsOf(place)) {
      const taken = this.takeTool(requiredText(tool, 'type'), tool, namespace);
      if (taken) tools.push(taken);
    }
    return { type: 'namespace', name: namespace, description, tools };
  }

  private toolsOf(place: Place): readonly Place[] {
    const path = `${place.path}.tools`;
    const value = fieldOf(place, 'tools');
    if (value === undefined) throw missing(path);
    return listOf(value, path, LIMITS.toolsMax).map((tool, i) => placeOf(tool, `${path}[${i}]`));
  }

  private takeFunction(place: Place, namespace?: string): JsonObject {
    assertFlat(place);
    const names = this.namesOf(place, namespace);
    const settings = FUNCTION_SETTINGS.parse(place);
    this.offer(place, { ...names, ...settings });
    return echoed(names.ownName, settings);
  }

  private takeCustom(place: Place, namespace?: string): JsonObject {
    const names = this.namesOf(place, namespace);
    const description = optionalText(place, 'description');
    const format = optionalPlace(place, 'format');
    const grammar = format && optionalText(format, 'type') === 'grammar' ? decodeGrammar(format) : undefined;
    this.offer(place, { ...customFunction(names.name, description, grammar), ...names, isCustom: true });
    return {
      type: 'custom',
      name: names.ownName,
      ...(description !== undefined && { description }),
      format: format?.object ?? { type: 'text' },
    };
  }

  private namesOf(place: Place, namespace: string | undefined): Pick<OfferedTool, 'name' | 'ownName' | 'namespace'> {
    const ownName = NAMED.read(place, 'name');
    const name = namespace === undefined ? ownName : flatName(namespace, ownName);
    return { name, ownName, ...(namespace !== undefined && { namespace }) };
  }

  private offer(place: Place, tool: OfferedTool): void {
    if (this.byName.has(tool.name) && !this.mayReplace) {
      throw refuse(`${place.path}.name`, 'is the name of an earlier tool.');
    }
    this.byName.set(tool.name, tool);
    if (this.byName.size > LIMITS.toolsMax) {
      throw refuse('tools', `must have at most ${LIMITS.toolsMax} functions.`, 'array_above_max_length');
    }
  }
}

/** A function in a response needs all four keys (OpenAI API reference, the response object). */
function echoed(
  name: string,
  { description = null, parameters = null, strict = null }: Readonly<Record<string, JsonValue | undefined>>,
): JsonObject {
  return { type: 'function', name, description, parameters, strict };
}

/** The tools that the model is offered, without our own notes. */
export function clientTools(offered: readonly OfferedTool[]): readonly ClientTool[] {
  return offered.map(({ ownName: _, namespace: __, isCustom: ___, ...tool }) => tool);
}

/** The custom tools by the names that the model uses. */
export function customNames(offered: readonly OfferedTool[]): readonly string[] {
  return offered.flatMap(({ name, isCustom }) => (isCustom ? [name] : []));
}

/** All names that the model uses. The caller executes calls of these. */
export function offeredNames(offered: readonly OfferedTool[]): readonly string[] {
  return offered.map(({ name }) => name);
}

/** From the model's names back to the caller's, for calls into namespaces. */
export function namespacedNames(offered: readonly OfferedTool[]): JsonObject {
  const inNamespaces = offered.filter(({ namespace }) => namespace !== undefined);
  return Object.fromEntries(inNamespaces.map(({ name, ownName, namespace }) => [name, { namespace, name: ownName }]));
}
