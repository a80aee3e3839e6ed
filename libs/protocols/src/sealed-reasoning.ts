import { isJsonObject, type JsonValue, type Reasoning, type ReasoningSeal } from '#libs/contract';

const FORM = 'talaria.r1.';

/**
 * The `encrypted_content` of a reasoning item: the block with the state that its upstream needs back. It holds nothing
 * that its owner may not read or send, so it is packed and not encrypted: any replica can read it.
 */
export function packReasoning({ text, seal }: Pick<Reasoning, 'text' | 'seal'>): string {
  return FORM + Buffer.from(JSON.stringify({ text, ...(seal && { seal }) }), 'utf8').toString('base64url');
}

/** Undefined for a text that `packReasoning` did not make, such as OpenAI's own encrypted reasoning. */
export function unpackReasoning(content: string): Reasoning | undefined {
  if (!content.startsWith(FORM)) return undefined;
  try {
    const value: JsonValue = JSON.parse(Buffer.from(content.slice(FORM.length), 'base64url').toString('utf8'));
    if (!isJsonObject(value) || typeof value['text'] !== 'string') return undefined;
    const seal = sealOf(value['seal']);
    return { text: value['text'], ...(seal && { seal }) };
  } catch {
    return undefined;
  }
}

/** The content comes from a client, so only fields of the right type are used. */
function sealOf(value: JsonValue | undefined): ReasoningSeal | undefined {
  if (!isJsonObject(value)) return undefined;
  const { form, signature, encrypted, textField, fields } = value;
  if (form !== 'openai' && form !== 'anthropic') return undefined;
  return {
    form,
    ...(typeof signature === 'string' && { signature }),
    ...(typeof encrypted === 'string' && { encrypted }),
    ...(textField === 'reasoning' && { textField }),
    ...(isJsonObject(fields) && { fields }),
  };
}
