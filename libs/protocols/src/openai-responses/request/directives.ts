import { LIMITS, type JsonObject } from '#libs/contract';
import { fieldOf, listOf, optionalPlace, placeOf, refuse, type Place } from '../../request-place.js';
import { itemTypeOf } from '../items/items-to-messages.js';

/** Items of an input that are about the request, not the conversation (OpenAI API reference, input items). */
export interface Directives {
  /** Tools in `additional_tools` items, in order. A later one replaces an earlier one of the same name. */
  readonly tools: readonly Place[];
  /** The last `reasoning` and the last `text` of `configuration_update` items: each applies until the next one. */
  readonly reasoning?: JsonObject;
  readonly text?: JsonObject;
  /** The last item is a `compaction_trigger`: the answer is one compaction item in place of everything before. */
  readonly compacts: boolean;
}

/** Throws GatewayError of status 400 that names the place: `input[0].tools[2]`. */
export function readDirectives(items: readonly unknown[], path: string): Directives {
  const tools: Place[] = [];
  let reasoning: JsonObject | undefined;
  let text: JsonObject | undefined;
  let compacts = false;
  items.forEach((value, i) => {
    if (typeof value === 'string') return;
    const place = placeOf(value, `${path}[${i}]`);
    const type = itemTypeOf(place);
    if (type === 'additional_tools') tools.push(...toolsIn(place));
    if (type === 'configuration_update') {
      reasoning = optionalPlace(place, 'reasoning')?.object ?? reasoning;
      text = optionalPlace(place, 'text')?.object ?? text;
    }
    if (type !== 'compaction_trigger') return;
    if (i < items.length - 1) throw refuse(place.path, 'must be the last item.');
    compacts = true;
  });
  return { tools, ...(reasoning && { reasoning }), ...(text && { text }), compacts };
}

function toolsIn(place: Place): readonly Place[] {
  const path = `${place.path}.tools`;
  const value = fieldOf(place, 'tools');
  if (value === undefined) return [];
  return listOf(value, path, LIMITS.toolsMax).map((tool, i) => placeOf(tool, `${path}[${i}]`));
}
