import { createHash } from 'node:crypto';

/** OpenAI accepts ids of up to this length. */
const ID = /^[a-zA-Z0-9_-]{1,40}$/;
/** Mistral accepts only ids of this form. */
const SHORT_ID = /^[a-zA-Z0-9]{9}$/;

/**
 * The id of a call in a form that the next upstream accepts. Ids from other upstreams may be longer or have other
 * characters. A new id is derived from the old one, so a call and its result keep the same id.
 */
export function fitCallId(id: string, isShort: boolean): string {
  if ((isShort ? SHORT_ID : ID).test(id)) return id;
  const digits = createHash('sha256').update(id).digest('hex');
  return isShort ? digits.slice(0, 9) : `call_${digits.slice(0, 24)}`;
}
