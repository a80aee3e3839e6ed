export { errorBody } from './error-body.js';
export { jobCursor, jobRunCursor, parseJobCursor, parseJobRunCursor } from './jobs/job-cursors.js';
export { isoTime, jobObject, jobRunObject, scheduleObject } from './jobs/job-object.js';
export {
  CreateJobDto,
  JobActionDto,
  PatchJobDto,
  PauseJobDto,
  PreviewJobDto,
  RetryDto,
} from './jobs/job-request.dto.js';
export { readMetadata } from './metadata.js';
export {
  HasElementsUpTo,
  IsIntegerBetween,
  IsList,
  IsObject,
  IsOneOf,
  IsString,
  IsText,
  IsTrueOrFalse,
  Required,
  Rule,
} from './dto/dto-rules.js';
export { Described, KeepsNull, NothingElse, schemaOf, type DtoClass } from './dto/dto-schema.js';
export { METADATA } from './dto/fragments.js';
export { bodyObject, fieldsOf, otherFields, parseDto } from './dto/parse-dto.js';
export { parseQuery } from './dto/parse-query.js';
export { type Continuation, type RunReply } from './protocol/continuation.js';
export { defineProtocol, type Encoded, type Protocol } from './protocol/protocol.js';
export {
  NO_PREPARATION,
  type AnswerTraits,
  type Completed,
  type Preparation,
  type PreparePorts,
} from './protocol/preparation.js';
export { type ListedModel, type ModelList } from './protocol/model-list.js';
export { modelProtocolFor, protocolAt } from './protocol/protocol-at.js';
export { type DecodeContext, type RequestHeaders } from './protocol/request-context.js';
export { type Prompt, type SubRoute } from './protocol/sub-route.js';
export { checkProtocols, PROTOCOLS } from './registry.js';
export { webhookEvents } from './webhooks/webhook-events.js';
export { cancelledError } from './run-errors.js';
export { parseEventCursor } from './runs/cursor.js';
export { readApproval, readSteer } from './runs/control-requests.js';
export { ApprovalDto, RerunDto, SteerDto } from './runs/control-request.dto.js';
export { runsProtocol } from './runs/runs-protocol.js';
export { runSummary } from './runs/run-summary.js';
export { RERUN, runObject } from './runs/run-object.js';
export { servedFields } from './runs/served-fields.js';
export { withTimedOut } from './runs/approval-words.js';
export { runsEncoder } from './runs/runs-encoder.js';
export { renderFrame, type SseFrame } from './sse-frame.js';
export { packSummary, unpackSummary } from './openai-responses/compaction.js';
export { checkItemIds } from './openai-responses/request/decode-input.js';
export { itemIdOf, responseIdOf, runIdOfItem, runIdOfResponse } from './openai-responses/ids.js';
export { encode as encodeResponses } from './openai-responses/answer/encode-stream.js';
export { inputItemsOf } from './openai-responses/items/input-items.js';
export { itemsToMessages, systemTextOf } from './openai-responses/items/items-to-messages.js';
export { additionalToolsIn, additionalToolsOf, withEarlierTools } from './openai-responses/request/earlier-tools.js';
export { openaiResponses } from './openai-responses/openai-responses.js';
export { outputItems } from './openai-responses/answer/output-items.js';
export { referencesOf, resolveReferences } from './openai-responses/items/resolve-references.js';
export { responseObject, responseUsage } from './openai-responses/answer/response-object.js';
export { RESPONSES_KEEPALIVE } from './openai-responses/answer/keepalive.js';
export { resumedAfter } from './openai-responses/answer/resume.js';
export { responsesOptions, type ConversationChoice } from './openai-responses/request/responses-options.js';
export { noCallOf, strayResults } from './openai-responses/items/stray-results.js';
export { type ResponsesState } from './openai-responses/answer/responses-state.js';
