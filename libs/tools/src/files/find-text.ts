/** Up to this length the engine's own search is fast for every text. Beyond it, repetitive texts are slow. */
const NATIVE_CHARS_MAX = 200;

/**
 * Up to `max` positions of `wanted` in `text`, in order. They may overlap when `overlapping` says so.
 *
 * Takes time in proportion to the length of the text (times `max` when they overlap). `indexOf` multiplies both
 * lengths: 12 s for 5,000 characters in 2,000,000, during which the process does nothing else.
 */
export function placesOf(
  text: string,
  wanted: string,
  { max, overlapping }: { readonly max: number; readonly overlapping: boolean },
): number[] {
  const find = wanted.length <= NATIVE_CHARS_MAX ? (from: number) => text.indexOf(wanted, from) : finder(text, wanted);
  const step = overlapping ? 1 : wanted.length;
  const places: number[] = [];
  for (let at = find(0); at >= 0 && places.length < max; at = find(at + step)) places.push(at);
  return places;
}

/**
 * Knuth, Morris and Pratt: after a mismatch the search continues with the longest part of the characters seen so far
 * that can still become a match.
 */
function finder(text: string, wanted: string): (from: number) => number {
  const borders = bordersOf(wanted);
  return (from) => {
    let matched = 0;
    for (let i = from; i < text.length; i += 1) {
      matched = grown(wanted, borders, { matched, next: text.charCodeAt(i) });
      if (matched === wanted.length) return i + 1 - matched;
    }
    return -1;
  };
}

/** For every beginning of a text, the length of its longest shorter beginning that is also its end. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  for (let i = 1; i < text.length; i += 1) {
    borders[i] = grown(text, borders, { matched: borders[i - 1] ?? 0, next: text.charCodeAt(i) });
  }
  return borders;
}

function grown(
  wanted: string,
  borders: Int32Array,
  { matched, next }: { readonly matched: number; readonly next: number },
): number {
  let length = matched;
  while (length > 0 && wanted.charCodeAt(length) !== next) length = borders[length - 1] ?? 0;
  return wanted.charCodeAt(length) === next ? length + 1 : length;
}
