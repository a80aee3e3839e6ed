import { LIMITS } from '#libs/contract';
import { optionalText, type Place } from '../../request-place.js';

/** How files of these types begin, in base64. */
const TYPES: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'png'],
  ['/9j/', 'jpeg'],
  ['UklGR', 'webp'],
  ['R0lGOD', 'gif'],
];

/**
 * The image of an `image_generation_call` as a data URL. undefined for an item without a complete image, or with one of
 * more than LIMITS.modelImageBytesMax. The item does not name the image's type, so its first bytes decide.
 */
export function imageOfItem(place: Place): string | undefined {
  const result = optionalText(place, 'result') ?? '';
  if (result.length > LIMITS.modelImageBytesMax || !/^[A-Za-z0-9+/]+=*$/.test(result)) return undefined;
  const [, type = 'png'] = TYPES.find(([start]) => result.startsWith(start)) ?? [];
  return `data:image/${type};base64,${result}`;
}
