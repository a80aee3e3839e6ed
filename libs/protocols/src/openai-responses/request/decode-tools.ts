import { LIMITS, type ClientTool, type JsonObject, type JsonValue } from '#libs/contract';
import { isFunctionName, NAME_PROBLEM } from '../../function-name.js';
import { checkSchemaSize } from '../../json-schema-size.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalFlag,
  optionalPlace,
  optionalText,
  placeOf,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';
import { flatName } from '../flat-name.js';

/** A function of the request, by the name the model sees and by the names the caller knows. */
export interface OfferedTool extends ClientTool {
  readonly ownName: string;
  readonly namespace?: string;
}

export interface DecodedTools {
  readonly offered: readonly OfferedTool[];
  /** `tools` as the response object repeats them: what is left of them, functions with all four keys. */
  readonly echoed: readonly JsonObject[];
  /** Types of entries that nobody here executes; the model does not see them. */
  readonly leftOut: readonly string[];
}

/**
 * `tools`: functions, and namespaces of functions, with unique names. Hosted tools never fail a request: command-line
 * agents send them with every one. Throws GatewayError that names the place, also for more than LIMITS.toolsMax
 * functions in all.
 */
export function decodeTools(list: readonly unknown[]): DecodedTools {
  const reader = new ToolReader();
  list.forEach((value, i) => reader.take(placeOf(value, `tools[${i}]`)));
  return reader;
}

class ToolReader implements DecodedTools {
  readonly offered: OfferedTool[] = [];
  readonly echoed: JsonObject[] = [];
  readonly leftOut: string[] = [];
  private readonly names = new Set<string>();

  take(place: Place): void {
    const type = requiredText(place, 'type');
    if (type === 'function') this.echoed.push(this.takeFunction(place));
    else if (type === 'namespace') this.takeNamespace(place);
    else this.leftOut.push(type);
  }

  private takeNamespace(place: Place): void {
    const namespace = requiredText(place, 'name');
    if (!isFunctionName(namespace)) throw refuse(`${place.path}.name`, NAME_PROBLEM);
    const description = optionalText(place, 'description') ?? '';
    const tools = this.functionsOf(place).flatMap((tool) => {
      const type = requiredText(tool, 'type');
      if (type === 'function') return [this.takeFunction(tool, namespace)];
      this.leftOut.push(type);
      return [];
    });
    this.echoed.push({ type: 'namespace', name: namespace, description, tools });
  }

  private functionsOf(place: Place): readonly Place[] {
    const path = `${place.path}.tools`;
    const value = fieldOf(place, 'tools');
    if (value === undefined) throw missing(path);
    return listOf(value, path, LIMITS.toolsMax).map((tool, i) => placeOf(tool, `${path}[${i}]`));
  }

  private takeFunction(place: Place, namespace?: string): JsonObject {
    const ownName = requiredText(place, 'name');
    if (!isFunctionName(ownName)) throw refuse(`${place.path}.name`, NAME_PROBLEM);
    const name = namespace === undefined ? ownName : flatName(namespace, ownName);
    if (this.names.has(name)) throw refuse(`${place.path}.name`, 'is the name of an earlier tool.');
    this.names.add(name);
    const description = optionalText(place, 'description');
    const parameters = optionalPlace(place, 'parameters');
    if (parameters) checkSchemaSize(parameters);
    const strict = optionalFlag(place, 'strict');
    this.offered.push({
      name,
      ownName,
      ...(namespace !== undefined && { namespace }),
      ...(description !== undefined && { description }),
      ...(parameters && { parameters: parameters.object }),
      ...(strict !== undefined && { strict }),
    });
    if (this.offered.length > LIMITS.toolsMax) {
      throw refuse('tools', `must have at most ${LIMITS.toolsMax} functions.`, 'array_above_max_length');
    }
    return echoed(ownName, { description, parameters: parameters?.object, strict });
  }
}

/** All four keys are required of a function in a response (OpenAI API reference, the response object). */
function echoed(
  name: string,
  { description = null, parameters = null, strict = null }: Readonly<Record<string, JsonValue | undefined>>,
): JsonObject {
  return { type: 'function', name, description, parameters, strict };
}

/** What the model is offered, without our notes. */
export function clientTools(offered: readonly OfferedTool[]): readonly ClientTool[] {
  return offered.map(({ ownName: _, namespace: __, ...tool }) => tool);
}

/** From the names the model uses back to those of the caller, for calls into namespaces. */
export function namespacedNames(offered: readonly OfferedTool[]): JsonObject {
  const inNamespaces = offered.filter(({ namespace }) => namespace !== undefined);
  return Object.fromEntries(inNamespaces.map(({ name, ownName, namespace }) => [name, { namespace, name: ownName }]));
}
