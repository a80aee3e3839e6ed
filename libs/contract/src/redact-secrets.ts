export const HIDDEN = '[redacted]';

/** Shapes of secrets that servers, proxies and drivers are known to repeat in their error texts. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]{1,256}@/gi, `$1${HIDDEN}@`],
  [/\b(bearer)\s+[^\s"',;]{6,}/gi, `$1 ${HIDDEN}`],
  [/\b(Basic)\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/]{8,}=*/g, `$1 ${HIDDEN}`],
  [/\b(?:(?:sk|pk|rk|gsk|xai|pplx|nvapi|hf|ghp|glpat)[-_]|AKIA|AIza)[A-Za-z0-9*_-]{6,}/g, HIDDEN],
  // Not \b: within a run of the token's own characters the match would restart at every "-eyJ", in quadratic time.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
  [/\b(api[-_ ]?key|token|password|secret)(["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi, `$1$2${HIDDEN}`],
];

/**
 * The text without anything that looks like a secret. It finds shapes, not values: it is the second line of defence.
 */
export function redactSecrets(text: string): string {
  return SECRETS.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}
