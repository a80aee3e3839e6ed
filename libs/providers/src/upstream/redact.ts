import { HIDDEN, redactSecrets } from '#libs/contract';
import { UPSTREAM_LIMITS } from './limits.js';

/** Shorter keys protect nothing, and would be found in every other word. */
const SECRET_CHARS_MIN = 4;

/**
 * Makes an upstream's words fit to be shown: one line, at most messageCharsMax characters, without the given secret and
 * without anything that looks like one.
 */
export function redact(text: string, secret: string | undefined): string {
  // Cut first, so that a huge text costs nothing; with room, so that no secret is cut in two and slips through.
  let clean = text.slice(0, UPSTREAM_LIMITS.messageCharsMax * 10);
  if (secret !== undefined && secret.length >= SECRET_CHARS_MIN) clean = clean.replaceAll(secret, HIDDEN);
  clean = redactSecrets(clean)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return clean.length > UPSTREAM_LIMITS.messageCharsMax
    ? `${clean.slice(0, UPSTREAM_LIMITS.messageCharsMax - 1)}…`
    : clean;
}
