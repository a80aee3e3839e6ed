import { createHash } from 'node:crypto';

/** OpenAI takes ids of so many characters at most. */
const ID = /^[a-zA-Z0-9_-]{1,40}$/;
/** Mistral takes ids of exactly this form. */
const SHORT_ID = /^[a-zA-Z0-9]{9}$/;

/**
 * A call's id as the next upstream takes it. Ids of other upstreams may be longer or of other letters; a new id is made
 * from the old one, so that a call and its result keep the same.
 */
export function fitCallId(id: string, isShort: boolean): string {
  if ((isShort ? SHORT_ID : ID).test(id)) return id;
  const digits = createHash('sha256').update(id).digest('hex');
  return isShort ? digits.slice(0, 9) : `call_${digits.slice(0, 24)}`;
}
