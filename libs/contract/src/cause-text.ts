const CAUSES_MAX = 8;

/**
 * Why a connection failed, for the operator's log: the system's code and the address (`ECONNREFUSED 127.0.0.1:7831`)
 * where a cause has them, because `fetch failed` says nothing; otherwise the error's own message.
 */
export function causeText(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && isObject(at); depth += 1) {
    // The name has several addresses, and all have failed. The first one is shown.
    const [found = at] = Array.isArray(at['errors']) ? (at['errors'] as unknown[]) : [at];
    if (isObject(found) && isSystemCode(found['code'])) return systemText(found, found['code']);
    at = at['cause'];
  }
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
}

/** No `instanceof`: errors of `fetch` may come from another realm. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Codes of the system, of TLS and of undici. Codes of the MCP library, in capitals too, say less than its words. */
function isSystemCode(code: unknown): code is string {
  return (
    typeof code === 'string' && /^(E[A-Z0-9]{3,}$|UND_ERR_|ERR_TLS_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)
  );
}

function systemText({ address, port, hostname, message }: Record<string, unknown>, code: string): string {
  if (typeof address === 'string')
    return typeof port === 'number' ? `${code} ${address}:${port}` : `${code} ${address}`;
  if (typeof hostname === 'string') return `${code} ${hostname}`;
  const text = typeof message === 'string' ? message : '';
  return text.includes(code) ? text : `${code}: ${text}`;
}
