import { GatewayError, isJsonObject, LIMITS, type ApprovalDecision } from '#libs/contract';
import { APPROVAL_CHOICES } from './approval-object.js';

/** What somebody answers: to one request by its id, or to all of a run. */
export interface ApprovalOrder {
  readonly decision: ApprovalDecision;
  readonly requestId?: string;
}

/** Words of other clients for the same (seed-systems.md a.1). */
const ALIASES: ReadonlyMap<unknown, ApprovalDecision> = new Map([
  ['approve', 'once'],
  ['approved', 'once'],
  ['allow', 'once'],
  ['denied', 'deny'],
  ['reject', 'deny'],
]);

/**
 * The body of POST /v1/runs/{id}/approval. The exact request must be named, or `all` be true: an answer that meant an
 * earlier request must not allow the next. Throws GatewayError `invalid_approval_choice`, `missing_required_parameter`.
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
  if (body['all'] === true || body['resolve_all'] === true) return { decision };
  throw new GatewayError('missing_required_parameter', "'request_id' is required, unless 'all' is true.", {
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
