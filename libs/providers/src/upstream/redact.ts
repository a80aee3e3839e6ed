import { HIDDEN, redactSecrets } from '#libs/contract';
import { UPSTREAM_LIMITS } from './limits.js';

/** A shorter key protects nothing, and would be found in ordinary words. */
const SECRET_CHARS_MIN = 4;

/**
 * Makes an upstream's words fit for display: one line of at most messageCharsMax characters, without the given secret
 * and without anything that looks like a secret.
 */
export function redact(text: string, secret: string | undefined): string {
  // The text is cut first, so that a huge one costs nothing. The margin keeps a secret from being cut in two and
  // missed.
  let clean = text.slice(0, UPSTREAM_LIMITS.messageCharsMax * 10);
  if (secret !== undefined && secret.length >= SECRET_CHARS_MIN) clean = clean.replaceAll(secret, HIDDEN);
  clean = redactSecrets(clean)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return clean.length > UPSTREAM_LIMITS.messageCharsMax
    ? `${clean.slice(0, UPSTREAM_LIMITS.messageCharsMax - 1)}…`
    : clean;
}
