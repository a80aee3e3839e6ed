import { GatewayError, type JsonObject, type RunDraft, type Sampling, type ToolChoice } from '#libs/contract';
import { tokenBound } from '../../dto/dto-rules.js';
import { readMetadata } from '../../metadata.js';
import type { DecodeContext } from '../../protocol/request-context.js';
import { parseDto } from '../../dto/parse-dto.js';
import { losesCacheMarks, promptCacheOf } from '../../prompt-cache.js';
import { missing, refuse, requiredText, type Place } from '../../request-place.js';
import { decodeContextManagement, type ContextManagement } from './context-management.js';
import { asSaidByModel } from '../../runs/approval-words.js';
import { decodeInput, type DecodedInput } from './decode-input.js';
import { decodeText, type DecodedText } from './decode-text.js';
import { decodeToolChoice } from './decode-tool-choice.js';
import {
  clientTools,
  customNames,
  decodeTools,
  namespacedNames,
  offeredNames,
  type DecodedTools,
} from './decode-tools.js';
import { readDirectives, type Directives } from './directives.js';
import { COMPACTION_TASK } from '../compaction.js';
import { runIdOfResponse, withoutTold } from '../ids.js';
import { responseFields } from './response-fields.js';
import { optionsEcho, type ConversationChoice, type ResponsesOptions } from './responses-options.js';
import type { ResponsesRequestDto } from './responses-request.dto.js';
import { BackgroundOptionsDto, ReasoningDto, ResponsesStreamOptionsDto } from './text.dto.js';

export const NAME = 'openai-responses';

/**
 * The run that a checked Responses body asks for. `responsesOptions` has the requests to the API besides the run.
 * Throws GatewayError of status 400 that names the exact place, and 404 `previous_response_not_found` for an id that no
 * response can have.
 */
export function decode(asked: ResponsesRequestDto, context: DecodeContext): RunDraft {
  const dto = withoutOwnItems(asked);
  const directives = readDirectives(Array.isArray(dto.input) ? dto.input : [], 'input');
  const options = optionsOf(dto, isTrue(dto.store ?? true));
  const parentId = parentOf(dto);
  const hasParent = parentId !== undefined || (options.conversation !== undefined && !options.hasOwnHistory);
  const input = inputOf(dto, { directives, hasParent, textCharsMax: context.messageTextCharsMax });
  const tools = decodeTools(dto.tools ?? [], directives.tools);
  const edits = decodeContextManagement(dto.context_management ?? []);
  const text = decodeText({ ...dto.text, ...directives.text });
  const metadata = dto.metadata && readMetadata(dto.metadata, 'metadata');
  const wantsLogprobs = asksForLogprobs(dto);
  const instructions = instructionsOf(dto.instructions, input.instructions, context.messageTextCharsMax);
  return {
    protocol: NAME,
    model: dto.model ?? null,
    ...present({ instructions, metadata, parentId }),
    messages: directives.compacts ? [...input.messages, COMPACTION_TASK] : asSaidByModel(input.messages),
    tools: clientTools(tools.offered),
    toolChoice: directives.compacts ? { kind: 'none' } : choiceOf(dto, tools, hasParent),
    sampling: samplingOf(dto, text, { wantsLogprobs, reasoning: { ...dto.reasoning, ...directives.reasoning } }),
    onDisconnect: onDisconnectOf(options, context),
    stream: isTrue(dto.stream ?? false),
    echo: {
      fields: responseFields(dto, { tools: tools.echoed, text: text.echoed, options }),
      ...extrasOf(dto),
      ...saysOf(context, text),
      ...toolNotes(tools, directives),
      serverCalls: context.hermesClient ? 'function_call' : (context.serverCalls ?? 'mcp_call'),
      options: optionsEcho(options),
    },
    ...leftOutOf(dto, { tools, input, context: edits.leftOut }),
    input: input.items,
    ...mannerOf(dto, options, { ...directives, ...edits }),
  };
}

const withoutOwnItems = (dto: ResponsesRequestDto): ResponsesRequestDto =>
  Array.isArray(dto.input) ? { ...dto, input: withoutTold(dto.input) } : dto;

/** JSON with words in it can be read by nobody. */
function saysOf({ saysApprovals = false, hermesClient }: DecodeContext, { format }: DecodedText): JsonObject {
  return saysApprovals && !hermesClient && !format ? { saysApprovals } : {};
}

/** A name that is unknown here may be a tool from earlier turns: see `withEarlierTools`. */
function choiceOf({ tool_choice }: ResponsesRequestDto, tools: DecodedTools, hasParent: boolean): ToolChoice {
  try {
    return decodeToolChoice(tool_choice, tools);
  } catch (error) {
    const mayBeEarlier = hasParent && error instanceof GatewayError && error.param?.endsWith('.name') === true;
    if (mayBeEarlier) return { kind: 'auto' };
    throw error;
  }
}

function onDisconnectOf({ background }: ResponsesOptions, context: DecodeContext): RunDraft['onDisconnect'] {
  return background ? 'continue' : (context.onDisconnect ?? 'cancel');
}

/** Additional facts for the answer; see ResponsesEcho. */
function extrasOf(dto: ResponsesRequestDto): JsonObject {
  const isSealed = dto.include?.includes('reasoning.encrypted_content') === true;
  return { logprobs: asksForLogprobs(dto), ...(isSealed && { encrypted: true }) };
}

/** The facts about the tools that the encoder and later turns need. */
function toolNotes({ offered }: DecodedTools, { tools }: Directives): JsonObject {
  return {
    namespaced: namespacedNames(offered),
    offered: offeredNames(offered),
    custom: customNames(offered),
    ...(tools.length > 0 && { additional: tools.map(({ object }) => object) }),
  };
}

/** Names in the form of `leftOutHeader`: `tools.web_search`, `input.web_search_call`. */
interface LeftOut {
  readonly tools: DecodedTools;
  readonly input: DecodedInput;
  readonly context: readonly string[];
}

function leftOutOf(dto: ResponsesRequestDto, { tools, input, context }: LeftOut): Pick<RunDraft, 'leftOut'> {
  const marks = losesCacheMarks(input.items, input.messages) ? ['input.prompt_cache_breakpoint'] : [];
  const { continuation_id: continuation } = dto.background_options ?? {};
  const names = [
    ...tools.leftOut.map((type) => `tools.${type}`),
    ...input.leftOut.map((type) => `input.${type}`),
    ...marks,
    ...context.map((type) => `context_management.${type}`),
    ...(continuation === undefined || continuation === null ? [] : ['background_options.continuation_id']),
  ];
  return names.length > 0 ? { leftOut: [...new Set(names)] } : {};
}

/** Keeps only the fields that are set, because an absent field differs from an undefined one. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

interface InputPlace {
  readonly directives: Directives;
  /** A stored conversation comes before the input. */
  readonly hasParent: boolean;
  readonly textCharsMax: number;
}

function inputOf(dto: ResponsesRequestDto, { directives, ...place }: InputPlace): DecodedInput {
  if (dto.input === undefined && !place.hasParent) throw missing('input');
  return decodeInput(dto, { ...place, isSilent: dto.generate === false || directives.compacts });
}

/** How the run is carried out. */
function mannerOf(
  { truncation = 'disabled', max_tool_calls: toolCallsMax, generate = true }: ResponsesRequestDto,
  { background, stored }: ResponsesOptions,
  { compacts, compaction }: Directives & ContextManagement,
): Pick<RunDraft, 'truncation' | 'toolCallsMax' | 'background' | 'generate' | 'compacts' | 'compaction' | 'retain'> {
  return {
    truncation,
    retain: stored,
    ...(toolCallsMax !== undefined && { toolCallsMax }),
    ...(background && { background }),
    ...(!generate && { generate }),
    ...(compacts ? { compacts } : compaction && { compaction }),
  };
}

function isTrue(flag: boolean | 'true' | 'false'): boolean {
  return flag === true || flag === 'true';
}

function optionsOf(dto: ResponsesRequestDto, stored: boolean): ResponsesOptions {
  const background = dto.background === true;
  if (background && !stored) throw refuse('background', "needs 'store' to be true.");
  if (dto.background_options) {
    if (!background) throw refuse('background_options', "needs 'background' to be true.");
    parseDto(BackgroundOptionsDto, dto.background_options, 'background_options');
  }
  if (dto.stream_options) parseDto(ResponsesStreamOptionsDto, dto.stream_options, 'stream_options');
  const conversation = conversationOf(dto);
  return {
    background,
    stored,
    ...(conversation && { conversation }),
    hasOwnHistory: (dto.conversation_history ?? []).length > 0,
  };
}

/** A history in the request takes precedence over the stored one (Hermes' `conversation_history`). */
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

/** Developer messages of the input are system text as well, after the instructions. */
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

function effortOf(reasoning: JsonObject): string | undefined {
  return parseDto(ReasoningDto, reasoning, 'reasoning').effort;
}

interface Wanted {
  readonly wantsLogprobs: boolean;
  readonly reasoning: JsonObject;
}

function samplingOf(dto: ResponsesRequestDto, text: DecodedText, { wantsLogprobs, reasoning }: Wanted): Sampling {
  const topLogprobs = dto.top_logprobs ?? 0;
  const sampling: { [K in keyof Sampling]: Sampling[K] | undefined } = {
    temperature: dto.temperature,
    topP: dto.top_p,
    outputTokensMax: tokenBound(dto.max_output_tokens),
    presencePenalty: dto.presence_penalty,
    frequencyPenalty: dto.frequency_penalty,
    logprobs: wantsLogprobs || undefined,
    topLogprobs: topLogprobs > 0 ? topLogprobs : undefined,
    responseFormat: text.format,
    parallelToolCalls: dto.parallel_tool_calls,
    reasoningEffort: effortOf(reasoning),
    verbosity: text.verbosity,
    serviceTier: dto.service_tier,
    promptCache: promptCacheOf(dto),
    user: dto.safety_identifier ?? dto.user,
    promptCacheKey: dto.prompt_cache_key,
  };
  return Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined));
}
