/** The beginning of a text, of at most `max` UTF-16 units, without half of a surrogate pair at its end. */
export function cutText(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}
