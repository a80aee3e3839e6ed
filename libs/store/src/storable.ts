/**
 * Text as a column can hold it: Postgres refuses NUL and has no lone surrogates. What must come back exactly is kept as
 * JSON, whose escapes are plain ASCII. Without it one strange model name would keep its whole batch from being written.
 */
export function storable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
