import { GatewayError, LIMITS, type ApprovalDecision, type JsonValue } from '#libs/contract';
import { decisionOf, type ApprovalDto, type SteerDto } from './control-request.dto.js';

/** What somebody answers: to one request by its id, to all that are open, or to the only one that is. */
export interface ApprovalOrder {
  readonly decision: ApprovalDecision;
  readonly requestId?: string;
  readonly all?: true;
  /** To the questions of the request: by their ids, or the answer to the only question. */
  readonly answers?: JsonValue;
}

/**
 * Which requests an answer means. Hermes' clients name no request. An id or an `all` that cannot be read is no answer
 * to the only request: it may have meant another one. Throws GatewayError `missing_required_parameter`.
 */
export function readApproval(dto: ApprovalDto): ApprovalOrder {
  const decision = decisionOf(dto.choice);
  if (decision === undefined) throw new Error('the choice was not checked');
  const answers = (dto.answers ?? dto.answer ?? undefined) as JsonValue | undefined;
  const told = answers === undefined ? {} : { answers };
  const requestId = dto.request_id ?? dto.approval_id;
  if (typeof requestId === 'string' && requestId !== '') return { decision, requestId, ...told };
  const all = dto.all ?? dto.resolve_all ?? false;
  if (all === true && answers === undefined) return { decision, all };
  if (all === false && (requestId ?? null) === null) return { decision, ...told };
  throw new GatewayError('missing_required_parameter', "'request_id' must be the id of a request, or 'all' be true.", {
    param: 'request_id',
  });
}

/** The text for the run. Throws GatewayError `invalid_steer_input`. */
export function readSteer(dto: SteerDto): string {
  const text = dto.text ?? dto.input ?? dto.message;
  if (typeof text === 'string' && /\S/.test(text) && text.length <= LIMITS.steerCharsMax) return text;
  const what = `'text' must be a string of 1 to ${LIMITS.steerCharsMax} characters.`;
  throw new GatewayError('invalid_steer_input', what, { param: 'text' });
}
