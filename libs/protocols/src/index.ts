export { errorBody } from './error-body.js';
export { parseDto } from './parse-dto.js';
export { defineProtocol, type DecodeContext, type Encoded, type Protocol } from './protocol.js';
export { checkRegistry, PROTOCOLS } from './registry.js';
export { cancelledError } from './run-errors.js';
export { parseAfterSeq, parseEventCursor } from './runs/cursor.js';
export { runObject } from './runs/run-object.js';
export { runsEncoder, type RunsState } from './runs/runs-encoder.js';
export { renderFrame, type SseFrame } from './sse-frame.js';
