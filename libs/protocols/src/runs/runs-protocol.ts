import { errorBody } from '../error-body.js';
import { defineProtocol } from '../protocol/protocol.js';
import { decode, NAME } from './decode.js';
import { runObject } from './run-object.js';
import { runsEncoder } from './runs-encoder.js';
import { RunsRequestDto } from './runs-request.dto.js';

/**
 * POST /v1/runs. It answers 202 as soon as the run is queued, so it is not in PROTOCOLS, whose POSTs answer with the
 * run itself.
 */
export const runsProtocol = defineProtocol({
  name: NAME,
  path: '/v1/runs',
  dto: RunsRequestDto,
  decode,
  ...runsEncoder,
  final: runObject,
  error: errorBody,
});
