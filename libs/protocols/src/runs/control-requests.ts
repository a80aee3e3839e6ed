import { GatewayError, LIMITS, type ApprovalDecision, type JsonValue } from '#libs/contract';
import { refuse } from '../request-place.js';
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
 * answer to the only request, because it may have meant another one. Throws GatewayError `invalid_request` that names
 * the field, and `missing_required_parameter`.
 */
export function readApproval(dto: ApprovalDto): ApprovalOrder {
  const decision = decisionOf(dto.choice);
  if (decision === undefined) throw new Error('the choice was not checked');
  const answers = (dto.answers ?? dto.answer ?? undefined) as JsonValue | undefined;
  const told = answers === undefined ? {} : { answers };
  assertTypes(dto);
  const requestId = dto.request_id ?? dto.approval_id;
  if (typeof requestId === 'string' && requestId !== '') return { decision, requestId, ...told };
  const all = dto.all ?? dto.resolve_all ?? false;
  if (all === true && answers === undefined) return { decision, all };
  if (all === false && (requestId ?? null) === null) return { decision, ...told };
  throw new GatewayError('missing_required_parameter', "'request_id' must be the id of a request, or 'all' be true.", {
    param: 'request_id',
  });
}

function assertTypes(dto: ApprovalDto): void {
  for (const field of ['request_id', 'approval_id'] as const) {
    if (typeof (dto[field] ?? '') !== 'string') throw refuse(field, 'must be the id of a request.');
  }
  for (const field of ['all', 'resolve_all'] as const) {
    if (typeof (dto[field] ?? false) !== 'boolean') throw refuse(field, 'must be true or false.');
  }
}

/** The text for the run. Throws GatewayError `invalid_steer_input` that names the field. */
export function readSteer(dto: SteerDto): string {
  const given = (['text', 'input', 'message'] as const).find((field) => (dto[field] ?? null) !== null) ?? 'text';
  const text = dto[given];
  if (typeof text === 'string' && /\S/.test(text) && text.length <= LIMITS.steerCharsMax) return text;
  throw refuse(given, `must be a string of 1 to ${LIMITS.steerCharsMax} characters.`, 'invalid_steer_input');
}
