/** No connection was made, so nothing can have taken effect. */
const NEVER_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT_CONNECT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The code of an error that says that a request did not leave; undefined: it may have arrived. */
export function neverReached(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && NEVER_REACHED.has(code) ? code : undefined;
}

/** The code of an error, or of what caused it. */
export function codeOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? undefined : codeOf(cause);
}
