import { GatewayError, isSessionId, SESSION_ID_RULE } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from '../../words/header-names.js';

/** The sessions that a request names. */
export interface AskedSession {
  /** The session that the request continues. Absent when it names none. */
  readonly id?: string;
  readonly whenBusy: 'wait' | 'reject';
  /** The client's own name for its session: a hint for routing, which continues nothing. */
  readonly client?: string;
  /** A session that the client keeps itself, whose requests are one session here, too: Claude Code's, a page's chat. */
  readonly group?: string;
}

/**
 * Reads X-Session-Id (or its alias X-Hermes-Session-Id) and X-Session-Busy. An id that X-Session-Affinity repeats names
 * no session: such clients (opencode) use the same id for every request with the whole conversation, and for side
 * requests, such as one for a title.
 * @param isKeyed whether API keys are configured. Without them anybody could continue anybody's session.
 * Throws GatewayError `invalid_session_id`, `forbidden` or `invalid_request`.
 */
export function readSessionHeaders(headers: IncomingHttpHeaders, isKeyed: boolean): AskedSession {
  const busy = headers[HEADERS.sessionBusy];
  if (busy !== undefined && busy !== 'wait' && busy !== 'reject') {
    throw new GatewayError('invalid_request', 'X-Session-Busy must be "wait" or "reject".', {
      param: 'X-Session-Busy',
    });
  }
  const whenBusy = busy ?? 'wait';
  const affinity = headers[HEADERS.sessionAffinity];
  const ids = new Set(HEADERS.session.flatMap((name) => headers[name] ?? []).filter((id) => id !== affinity));
  const [id, other] = ids;
  const client = firstId(headers, HEADERS.clientSession);
  const group = firstId(headers, [HEADERS.claudeSession]);
  const hints = { ...(client !== undefined && { client }), ...(group !== undefined && { group }) };
  const named: AskedSession = { whenBusy, ...hints };
  if (id === undefined) return named;
  if (other !== undefined) throw invalidId('X-Session-Id and X-Hermes-Session-Id name different sessions.');
  if (!isKeyed) {
    throw new GatewayError('forbidden', 'X-Session-Id needs an API key, and this server has none.', {
      param: 'X-Session-Id',
    });
  }
  return { id: checkSessionId(id, 'X-Session-Id'), ...named };
}

/** Undefined when the client names none, or an invalid id. */
function firstId(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  return names.flatMap((name) => headers[name] ?? []).find(isSessionId);
}

/** The id, if it is valid. Throws GatewayError `invalid_session_id`. */
export function checkSessionId(id: string, param: string): string {
  if (isSessionId(id)) return id;
  throw invalidId(`${param} must be ${SESSION_ID_RULE}.`, param);
}

const invalidId = (message: string, param = 'X-Session-Id'): GatewayError =>
  new GatewayError('invalid_session_id', message, { param });
