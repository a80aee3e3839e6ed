const FORM = 'talaria.1.';

/**
 * The `encrypted_content` of a compaction item. It holds what its owner has said and was told, and nothing else, so it
 * is packed and not encrypted: any replica can read it, for as long as its owner keeps it.
 */
export function packSummary(summary: string): string {
  return FORM + Buffer.from(summary, 'utf8').toString('base64url');
}

/** undefined for a text that `packSummary` did not make. */
export function unpackSummary(content: string): string | undefined {
  const packed = content.slice(FORM.length);
  const isOurs = content.startsWith(FORM) && /^[A-Za-z0-9_-]+$/.test(packed);
  return isOurs ? Buffer.from(packed, 'base64url').toString('utf8') : undefined;
}

/** How a model is told what the conversation was before it was compacted. */
export function summaryText(summary: string): string {
  return `Summary of the conversation so far:\n${summary}`;
}
