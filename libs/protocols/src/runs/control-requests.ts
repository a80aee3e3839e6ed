import { GatewayError, LIMITS, type ApprovalDecision, type JsonValue } from '#libs/contract';
import { decisionOf, type ApprovalDto, type SteerDto } from './control-request.dto.js';

/** An answer to one request by its id, to all open requests, or to the only open one. */
export interface ApprovalOrder {
  readonly decision: ApprovalDecision;
  readonly requestId?: string;
  readonly all?: true;
  /** Answers to the questions of the request: by question id, or the plain answer to the only question. */
  readonly answers?: JsonValue;
}

/**
 * The requests that an answer means. Hermes' clients name no request. An unreadable id or `all` does not count as an
 * answer to the only request, because it may have meant another one. Throws GatewayError `missing_required_parameter`.
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
