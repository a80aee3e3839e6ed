import { GatewayError, type JsonObject, type RunDraft, type Sampling } from '#libs/contract';
import { readMetadata } from '../../metadata.js';
import type { DecodeContext } from '../../protocol.js';
import { parseDto } from '../../dto/parse-dto.js';
import { refuse, requiredText, type Place } from '../../request-place.js';
import { decodeInput } from './decode-input.js';
import { decodeText, type DecodedText } from './decode-text.js';
import { decodeToolChoice } from './decode-tool-choice.js';
import { clientTools, decodeTools, namespacedNames } from './decode-tools.js';
import { runIdOfResponse } from '../ids.js';
import { responseFields } from './response-fields.js';
import { optionsEcho, type ConversationChoice, type ResponsesOptions } from './responses-options.js';
import type { ResponsesRequestDto } from './responses-request.dto.js';
import { ReasoningDto, ResponsesStreamOptionsDto } from './text.dto.js';

export const NAME = 'openai-responses';

/**
 * The run that a checked Responses body asks for; `responsesOptions` tells what it asks of the API beside it. Throws
 * GatewayError of status 400 that names the exact place, and 404 `previous_response_not_found` for an id that no
 * response can have.
 */
export function decode(dto: ResponsesRequestDto, context: DecodeContext): RunDraft {
  const stored = isTrue(dto.store ?? true);
  const options = optionsOf(dto, stored);
  const parentId = parentOf(dto);
  const textCharsMax = context.messageTextCharsMax;
  const hasParent = parentId !== undefined || (options.conversation !== undefined && !options.hasOwnHistory);
  const input = decodeInput(dto, { textCharsMax, hasParent });
  const tools = decodeTools(dto.tools ?? []);
  const text = decodeText(dto.text ?? {});
  const metadata = dto.metadata && readMetadata(dto.metadata, 'metadata');
  const wantsLogprobs = asksForLogprobs(dto);
  const instructions = instructionsOf(dto.instructions, input.instructions, textCharsMax);
  return {
    protocol: NAME,
    model: dto.model ?? null,
    ...(instructions !== undefined && { instructions }),
    messages: input.messages,
    tools: clientTools(tools.offered),
    toolChoice: decodeToolChoice(dto.tool_choice, tools),
    sampling: samplingOf(dto, text, wantsLogprobs),
    onDisconnect: options.background ? 'continue' : (context.onDisconnect ?? 'cancel'),
    stream: isTrue(dto.stream ?? false),
    echo: {
      fields: responseFields(dto, { tools: tools.echoed, text: text.echoed, stored, options }),
      ...extrasOf(dto),
      namespaced: namespacedNames(tools.offered),
      options: optionsEcho({ ...options, leftOutTools: tools.leftOut }),
    },
    ...(metadata && { metadata }),
    ...(tools.leftOut.length > 0 && { leftOut: tools.leftOut.map((type) => `tools.${type}`) }),
    ...(parentId !== undefined && { parentId }),
    input: input.items,
    retain: stored,
    ...mannerOf(dto, options),
  };
}

/** What the answer tells beyond the usual; see ResponsesEcho. */
function extrasOf(dto: ResponsesRequestDto): JsonObject {
  const isSealed = dto.include?.includes('reasoning.encrypted_content') === true;
  return { logprobs: asksForLogprobs(dto), ...(isSealed && { encrypted: true }) };
}

/** How the run is carried out. */
function mannerOf(
  { truncation = 'disabled', max_tool_calls: toolCallsMax }: ResponsesRequestDto,
  { background }: ResponsesOptions,
): Pick<RunDraft, 'truncation' | 'toolCallsMax' | 'background'> {
  return { truncation, ...(toolCallsMax !== undefined && { toolCallsMax }), ...(background && { background }) };
}

function isTrue(flag: boolean | 'true' | 'false'): boolean {
  return flag === true || flag === 'true';
}

function optionsOf(dto: ResponsesRequestDto, stored: boolean): ResponsesOptions {
  const background = dto.background === true;
  if (background && !stored) throw refuse('background', "needs 'store' to be true.");
  if (dto.stream_options) parseDto(ResponsesStreamOptionsDto, dto.stream_options, 'stream_options');
  const conversation = conversationOf(dto);
  return {
    background,
    ...(conversation && { conversation }),
    hasOwnHistory: (dto.conversation_history ?? []).length > 0,
    leftOutTools: [],
  };
}

/** A history that the request brings itself wins over what is stored (Hermes' `conversation_history`). */
function parentOf({
  previous_response_id: id,
  conversation_history: history = [],
}: ResponsesRequestDto): string | undefined {
  if (id === undefined || history.length > 0) return undefined;
  const runId = runIdOfResponse(id);
  if (runId !== undefined) return runId;
  throw new GatewayError('previous_response_not_found', 'There is no response with this id.', {
    param: 'previous_response_id',
  });
}

const CONVERSATION_CHARS_MAX = 256;

function conversationOf({ conversation, previous_response_id }: ResponsesRequestDto): ConversationChoice | undefined {
  if (conversation === undefined) return undefined;
  if (previous_response_id !== undefined) {
    throw refuse('previous_response_id', "must not stand beside 'conversation'.");
  }
  const place: Place | undefined =
    typeof conversation === 'string' ? undefined : { object: conversation, path: 'conversation' };
  const name = place ? requiredText(place, 'id') : String(conversation);
  const path = place ? 'conversation.id' : 'conversation';
  if (name === '') throw refuse(path, 'must not be empty.');
  if (name.length > CONVERSATION_CHARS_MAX) {
    throw refuse(path, `must have at most ${CONVERSATION_CHARS_MAX} characters.`, 'string_above_max_length');
  }
  return place || name.startsWith('conv_') ? { kind: 'id', id: name } : { kind: 'name', name };
}

/** Developer messages of the input are system text as well, behind the instructions. */
function instructionsOf(given: string | undefined, ofInput: string | undefined, charsMax: number): string | undefined {
  if (given !== undefined && given.length > charsMax) {
    throw refuse('instructions', `must have at most ${charsMax} characters.`, 'string_above_max_length');
  }
  const texts = [given, ofInput].filter((text) => text !== undefined && text !== '');
  return texts.length > 0 ? texts.join('\n') : undefined;
}

function asksForLogprobs({ include = [], top_logprobs = 0 }: ResponsesRequestDto): boolean {
  return include.includes('message.output_text.logprobs') || top_logprobs > 0;
}

function effortOf(reasoning: JsonObject | undefined): string | undefined {
  return reasoning && parseDto(ReasoningDto, reasoning, 'reasoning').effort;
}

function samplingOf(dto: ResponsesRequestDto, text: DecodedText, wantsLogprobs: boolean): Sampling {
  const topLogprobs = dto.top_logprobs ?? 0;
  const sampling: { [K in keyof Sampling]: Sampling[K] | undefined } = {
    temperature: dto.temperature,
    topP: dto.top_p,
    outputTokensMax: dto.max_output_tokens,
    presencePenalty: dto.presence_penalty,
    frequencyPenalty: dto.frequency_penalty,
    logprobs: wantsLogprobs || undefined,
    topLogprobs: topLogprobs > 0 ? topLogprobs : undefined,
    responseFormat: text.format,
    parallelToolCalls: dto.parallel_tool_calls,
    reasoningEffort: effortOf(dto.reasoning),
    verbosity: text.verbosity,
    serviceTier: dto.service_tier,
    user: dto.safety_identifier ?? dto.user,
    promptCacheKey: dto.prompt_cache_key,
  };
  return Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined));
}
