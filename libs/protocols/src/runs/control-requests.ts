import { GatewayError, isJsonObject, LIMITS, type ApprovalDecision } from '#libs/contract';
import { APPROVAL_CHOICES } from './approval-object.js';

/** What somebody answers: to one request by its id, to all that are open, or to the only one that is. */
export interface ApprovalOrder {
  readonly decision: ApprovalDecision;
  readonly requestId?: string;
  readonly all?: true;
}

/** Words of other clients for the same (Hermes' among them). */
const ALIASES: ReadonlyMap<unknown, ApprovalDecision> = new Map([
  ['approve', 'once'],
  ['approved', 'once'],
  ['allow', 'once'],
  ['denied', 'deny'],
  ['reject', 'deny'],
]);

/**
 * The body of POST /v1/runs/{id}/approval. Hermes' clients name no request. An id or an `all` that cannot be read is no
 * answer to the only request: it may have meant another. Throws GatewayError `invalid_approval_choice`,
 * `missing_required_parameter`.
 */
export function readApproval(body: unknown): ApprovalOrder {
  if (!isJsonObject(body)) throw new GatewayError('invalid_request', 'The body must be a JSON object.');
  const word = body['choice'];
  const decision = APPROVAL_CHOICES.find((choice) => choice === word) ?? ALIASES.get(word);
  if (decision === undefined) {
    const what = `'choice' must be one of ${APPROVAL_CHOICES.join(', ')}.`;
    throw new GatewayError('invalid_approval_choice', what, { param: 'choice' });
  }
  const requestId = body['request_id'] ?? body['approval_id'];
  if (typeof requestId === 'string' && requestId !== '') return { decision, requestId };
  const all = body['all'] ?? body['resolve_all'] ?? false;
  if (all === true) return { decision, all };
  if (all === false && (requestId ?? null) === null) return { decision };
  throw new GatewayError('missing_required_parameter', "'request_id' must be the id of a request, or 'all' be true.", {
    param: 'request_id',
  });
}

/** The text in the body of POST /v1/runs/{id}/steer. Throws GatewayError `invalid_steer_input`. */
export function readSteer(body: unknown): string {
  const fields = isJsonObject(body) ? body : {};
  const text = fields['text'] ?? fields['input'] ?? fields['message'];
  if (typeof text === 'string' && /\S/.test(text) && text.length <= LIMITS.steerCharsMax) return text;
  const what = `'text' must be a string of 1 to ${LIMITS.steerCharsMax} characters.`;
  throw new GatewayError('invalid_steer_input', what, { param: 'text' });
}
