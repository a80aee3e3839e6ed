import { isJsonObject, LIMITS } from '#libs/contract';
import { fieldOf, optionalText, refuse, type Place } from '../../request-place.js';
import { flatName } from '../flat-name.js';

/** The model's name of this item's function, which may be in a namespace. */
export function nameIn(place: Place, name: string): string {
  const namespace = optionalText(place, 'namespace');
  return namespace ? flatName(namespace, name) : name;
}

export function checkArgumentsSize(text: string, path: string): void {
  if (text.length <= LIMITS.toolArgumentsCharsMax) return;
  throw refuse(path, `must have at most ${LIMITS.toolArgumentsCharsMax} characters.`, 'string_above_max_length');
}

/** `output`, or the words of `error`: a text, or an object with a message (OpenAI API reference, McpToolCallError). */
export function resultOf(place: Place): { readonly output: string; readonly isError?: true } | undefined {
  const error = fieldOf(place, 'error');
  if (error !== undefined) {
    const message = isJsonObject(error) ? (error['message'] ?? JSON.stringify(error)) : error;
    return { output: String(message), isError: true };
  }
  const output = optionalText(place, 'output');
  return output === undefined ? undefined : { output };
}
