import { GatewayError, isJsonObject, LIMITS, type JsonObject, type JsonValue } from '#libs/contract';
import { API_LIMITS } from '../words/api-limits.js';
import type { ForkRequest } from './session-service.js';
import { checkSessionId } from '../runs/placing/session-headers.js';

type Query = Readonly<Record<string, unknown>>;

/**
 * `limit` (1 to API_LIMITS.sessionsPageMax), `after` and `q`. Throws GatewayError `invalid_request` with the
 * parameter's name.
 */
export function pageOf(query: Query): { readonly limit: number; readonly after?: string; readonly search?: string } {
  const [limit, after, search] = ['limit', 'after', 'q'].map((name) => text(query[name], name));
  const count = limit === undefined ? API_LIMITS.sessionsPage : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > API_LIMITS.sessionsPageMax) {
    throw invalid('limit', `must be a whole number from 1 to ${API_LIMITS.sessionsPageMax}.`);
  }
  return { limit: count, ...(after !== undefined && { after }), ...(search !== undefined && { search }) };
}

/** `{title}` and nothing else: what a client thinks it has changed must not be lost in silence. */
export function titleOf(body: unknown): string {
  const fields = objectOf(body);
  const other = Object.keys(fields).find((name) => name !== 'title');
  if (other !== undefined) throw invalid(other, 'cannot be changed; only title can.');
  return checkTitle(fields['title']);
}

/** `{run_id?, session_id?, title?}`; no body is none of them. */
export function forkOf(body: unknown): ForkRequest {
  const { run_id: runId, session_id: sessionId, title } = body === undefined || body === null ? {} : objectOf(body);
  const [run, session] = [text(runId, 'run_id'), text(sessionId, 'session_id')];
  return {
    ...(run !== undefined && { runId: run }),
    ...(session !== undefined && { sessionId: checkSessionId(session, 'session_id') }),
    ...(title !== undefined && title !== null && { title: checkTitle(title) }),
  };
}

function checkTitle(value: JsonValue | undefined): string {
  const title = typeof value === 'string' ? value.trim() : '';
  if (title !== '' && title.length <= LIMITS.sessionTitleCharsMax && !/\p{Cc}/u.test(title)) return title;
  const what = `title must be a line of 1 to ${LIMITS.sessionTitleCharsMax} characters.`;
  throw new GatewayError('invalid_title', what, { param: 'title' });
}

function objectOf(body: unknown): JsonObject {
  const value = body as JsonValue | undefined;
  if (value !== undefined && isJsonObject(value)) return value;
  throw new GatewayError('invalid_request', 'The body must be a JSON object.');
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw invalid(name, 'must be a string, given once.');
}

const invalid = (param: string, why: string): GatewayError =>
  new GatewayError('invalid_request', `${param} ${why}`, { param });
