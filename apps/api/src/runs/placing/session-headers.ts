import { GatewayError, isSessionId, SESSION_ID_RULE } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from '../../words/header-names.js';

/** What a request says of its session. */
export interface AskedSession {
  /** The session it continues; absent: none was named. */
  readonly id?: string;
  readonly whenBusy: 'wait' | 'reject';
}

/**
 * Reads X-Session-Id (or its alias X-Hermes-Session-Id) and X-Session-Busy. An id that X-Session-Affinity repeats names
 * no session: such clients (opencode) send the whole conversation with every request, and requests beside it, for a
 * title say, under the same id.
 * @param isKeyed API keys are configured: without them anybody could read on in anybody's session.
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
  if (id === undefined) return { whenBusy };
  if (other !== undefined) throw invalidId('X-Session-Id and X-Hermes-Session-Id name different sessions.');
  if (!isKeyed) {
    throw new GatewayError('forbidden', 'X-Session-Id needs an API key, and this server has none.', {
      param: 'X-Session-Id',
    });
  }
  return { id: checkSessionId(id, 'X-Session-Id'), whenBusy };
}

/**
 * The name by which an agent groups its own requests; undefined for a name that can be none. It only chooses the
 * upstream whose prompt cache is warm: the agent sends its whole conversation, so it continues nothing that is stored.
 */
export function affinityIn(headers: IncomingHttpHeaders): string | undefined {
  const named = HEADERS.affinity.map((name) => headers[name]).find((value) => value !== undefined);
  return typeof named === 'string' && isSessionId(named) ? named : undefined;
}

/** The id, if it can be one. Throws GatewayError `invalid_session_id`. */
export function checkSessionId(id: string, param: string): string {
  if (isSessionId(id)) return id;
  throw invalidId(`${param} must be ${SESSION_ID_RULE}.`, param);
}

const invalidId = (message: string, param = 'X-Session-Id'): GatewayError =>
  new GatewayError('invalid_session_id', message, { param });
