/**
 * Text in a form that a column can hold: Postgres refuses NUL and lone surrogates. Text that must be read back exactly
 * is kept as JSON, whose escapes are plain ASCII. Without this function one strange model name would keep its whole
 * batch from being written.
 */
export function storable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
