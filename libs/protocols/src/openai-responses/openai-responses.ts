import { errorBody } from '../error-body.js';
import { defineProtocol } from '../protocol/protocol.js';
import { decode, NAME } from './request/decode.js';
import { breakOff, encode } from './answer/encode-stream.js';
import { responseObject } from './answer/response-object.js';
import { ResponsesRequestDto } from './request/responses-request.dto.js';
import { begin } from './answer/responses-state.js';
import { RESPONSES_KEEPALIVE } from './answer/keepalive.js';

/**
 * POST /v1/responses, as in the OpenAI API reference and the Open Responses specification. `responsesOptions` has what
 * goes beyond one request.
 */
export const openaiResponses = defineProtocol({
  name: NAME,
  path: '/v1/responses',
  aliases: ['/responses'],
  dto: ResponsesRequestDto,
  decode,
  begin,
  encode,
  breakOff,
  keepalive: RESPONSES_KEEPALIVE,
  final: responseObject,
  error: errorBody,
});
