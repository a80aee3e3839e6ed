import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { readInputSchema } from './input-schema.js';

export interface ReadTool {
  /** The tool with only its valid fields. Undefined when nothing of it can be offered. */
  readonly tool?: JsonObject;
  /** A sentence for the operator's log: what was changed, or why the tool is left out. */
  readonly note?: string;
}

const NAME_CHARS_SHOWN = 100;

/**
 * One entry of a server's `tools/list`, rebuilt from its fields of the right types, because the client library refuses
 * the whole list because of one entry that violates the specification. The output schema is dropped: it is not needed
 * here, and the library refuses results that do not match it instead of passing them on.
 */
export function readTool(raw: JsonValue): ReadTool {
  if (!isJsonObject(raw)) return { note: 'an entry of its list of tools is left out: it is not an object' };
  const { name, title, description, annotations } = raw;
  if (typeof name !== 'string' || name === '') return { note: 'a tool is left out: it has no name' };
  const shown = JSON.stringify(name.slice(0, NAME_CHARS_SHOWN));
  const read = readInputSchema(raw['inputSchema']);
  if (!read.schema) return { note: `the tool ${shown} is left out: ${read.why}` };
  const tool = {
    name,
    inputSchema: read.schema,
    ...(typeof title === 'string' && { title }),
    ...(typeof description === 'string' && { description }),
    ...(isJsonObject(annotations) && { annotations: hintsOf(annotations) }),
  };
  return { tool, ...(read.change !== undefined && { note: `the tool ${shown}: ${read.change}` }) };
}

function hintsOf(annotations: JsonObject): JsonObject {
  const hints = ['readOnlyHint', 'idempotentHint', 'destructiveHint', 'openWorldHint'];
  return Object.fromEntries(
    hints.flatMap((name) => (typeof annotations[name] === 'boolean' ? [[name, annotations[name]]] : [])),
  );
}
