import type { JsonObject, Reasoning } from '#libs/contract';

/** Prefix of the ids of entries that this gateway made. All other entries came from an upstream. */
const OWN_ID = 'talaria_';
/** OpenRouter's name of the format, which clients know. */
const FORMAT = 'anthropic-claude-v1';

/**
 * The state that an upstream attached to a block of reasoning, as entries of `reasoning_details`. The field comes from
 * OpenRouter; clients that know it return its entries unchanged. Entries of an OpenAI-compatible upstream are passed on
 * unchanged. Signed reasoning of an Anthropic upstream becomes `reasoning.text` with its signature, or
 * `reasoning.encrypted`.
 * @param index of the first entry within the whole answer: client helpers join entries by it.
 */
export function reasoningDetails({ text, seal }: Reasoning, index: number): JsonObject[] {
  if (!seal) return [];
  if (seal.form === 'openai') {
    const details = seal.fields?.['reasoning_details'];
    return Array.isArray(details) ? details.map((detail: JsonObject, i) => ({ ...detail, index: index + i })) : [];
  }
  const entry = { id: `${OWN_ID}${index}`, format: FORMAT, index };
  if (seal.encrypted !== undefined) return [{ type: 'reasoning.encrypted', data: seal.encrypted, ...entry }];
  return [{ type: 'reasoning.text', text, signature: seal.signature ?? '', ...entry }];
}

/** Whether `reasoningDetails` made the entry from an Anthropic upstream's reasoning. */
export function isOwnDetail({ id, format }: JsonObject): boolean {
  return typeof id === 'string' && id.startsWith(OWN_ID) && format === FORMAT;
}

/** The block of reasoning from which such an entry was made. */
export function reasoningOfDetail({ type, text, signature, data }: JsonObject): Reasoning {
  if (type === 'reasoning.encrypted') return { text: '', seal: { form: 'anthropic', encrypted: stringOf(data) } };
  return { text: stringOf(text), seal: { form: 'anthropic', signature: stringOf(signature) } };
}

/** `extra_content` of the message, where an upstream attached it to no call. */
export function messageExtraContent({ seal }: Reasoning): JsonObject | undefined {
  const extra = seal?.form === 'openai' ? seal.fields?.['extra_content'] : undefined;
  return typeof extra === 'object' && extra !== null && !Array.isArray(extra) ? (extra as JsonObject) : undefined;
}

const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
