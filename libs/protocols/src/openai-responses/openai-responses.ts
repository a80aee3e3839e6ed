import { errorBody } from '../error-body.js';
import { defineProtocol } from '../protocol.js';
import { decode, NAME } from './decode.js';
import { encode } from './encode-stream.js';
import { requestSchema } from './request-schema.js';
import { responseObject } from './response-object.js';
import { ResponsesRequestDto } from './responses-request.dto.js';
import { begin } from './responses-state.js';

/**
 * POST /v1/responses, as the OpenAI API reference and the Open Responses specification have it; what goes beyond one request
 * is in `responsesOptions`.
 */
export const openaiResponses = defineProtocol({
  name: NAME,
  path: '/v1/responses',
  aliases: ['/responses'],
  dto: ResponsesRequestDto,
  requestSchema,
  decode,
  begin,
  encode,
  final: responseObject,
  error: errorBody,
});
