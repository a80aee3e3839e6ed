import { UPSTREAM_LIMITS } from './limits.js';

const HIDDEN = '[redacted]';

/** Shorter keys protect nothing, and would be found in every other word. */
const SECRET_CHARS_MIN = 4;

/** Shapes of secrets that upstreams and proxies are known to repeat in error texts. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/\b(bearer)\s+[^\s"',;]{6,}/gi, `$1 ${HIDDEN}`],
  [/\b(Basic)\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/]{8,}=*/g, `$1 ${HIDDEN}`],
  [/\b(?:(?:sk|pk|rk|gsk|xai|pplx|nvapi|hf|ghp|glpat)[-_]|AKIA|AIza)[A-Za-z0-9*_-]{6,}/g, HIDDEN],
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  [/\b(api[-_ ]?key|token|password|secret)(["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi, `$1$2${HIDDEN}`],
];

/**
 * Makes an upstream's words fit to be shown: one line, at most messageCharsMax characters, without the given secret and
 * without anything that looks like one.
 */
export function redact(text: string, secret: string | undefined): string {
  // Cut first, so that a huge text costs nothing; with room, so that no secret is cut in two and slips through.
  let clean = text.slice(0, UPSTREAM_LIMITS.messageCharsMax * 10);
  if (secret !== undefined && secret.length >= SECRET_CHARS_MIN) clean = clean.replaceAll(secret, HIDDEN);
  for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement);
  clean = clean.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return clean.length > UPSTREAM_LIMITS.messageCharsMax
    ? `${clean.slice(0, UPSTREAM_LIMITS.messageCharsMax - 1)}…`
    : clean;
}
