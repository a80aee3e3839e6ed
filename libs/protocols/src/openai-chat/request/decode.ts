import type { JsonObject, RunDraft, Sampling } from '#libs/contract';
import { tokenBound } from '../../dto/dto-rules.js';
import { readMetadata } from '../../metadata.js';
import type { DecodeContext } from '../../protocol/request-context.js';
import { parseDto } from '../../dto/parse-dto.js';
import { refuse } from '../../request-place.js';
import type { ChatRequestDto } from './chat-request.dto.js';
import { decodeMessages } from '../../messages/decode-messages.js';
import { asSaidByModel } from '../../runs/approval-words.js';
import { extraFields } from './extra-fields.js';
import { decodeResponseFormat } from './decode-response-format.js';
import { ChatStreamOptionsDto } from './response-format.dto.js';
import { losesCacheMarks, promptCacheOf } from '../../prompt-cache.js';
import { decodeToolChoice, decodeTools } from '../../messages/decode-tools.js';

export const NAME = 'openai-chat';

/**
 * The run that a checked Chat Completions body asks for. Throws GatewayError of status 400 that names the exact place,
 * `messages[3].tool_calls[0].id`; problems of content parts are named by the message's content.
 */
export function decode(dto: ChatRequestDto, context: DecodeContext): RunDraft {
  const { instructions, messages } = decodeMessages(dto.messages, context.messageTextCharsMax);
  const { tools, custom, leftOut: leftOutTools } = decodeTools(dto.tools ?? []);
  const metadata = dto.metadata && readMetadata(dto.metadata, 'metadata');
  const { extra, leftOut: leftOutFields } = extraFields(context.otherFields ?? {});
  const marks = losesCacheMarks(dto.messages, messages) ? ['messages.prompt_cache_breakpoint'] : [];
  const leftOut = [...leftOutTools.map((type) => `tools.${type}`), ...leftOutFields, ...marks];
  return {
    protocol: NAME,
    model: dto.model ?? null,
    ...(instructions !== undefined && { instructions }),
    messages: asSaidByModel(messages),
    tools,
    toolChoice: decodeToolChoice(dto.tool_choice, tools),
    sampling: { ...samplingOf(dto), ...(Object.keys(extra).length > 0 && { extra }) },
    onDisconnect: context.onDisconnect ?? 'cancel',
    stream: dto.stream === true || dto.stream === 'true',
    echo: {
      ...echoOf(dto, context),
      ...(custom.length > 0 && { custom }),
    },
    ...(metadata && { metadata }),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

/** The facts that the encoder needs to know about the request; see ChatEcho. */
function echoOf(dto: ChatRequestDto, { hermesClient, saysApprovals = false }: DecodeContext): JsonObject {
  const options = dto.stream_options && parseDto(ChatStreamOptionsDto, dto.stream_options, 'stream_options');
  return {
    includeUsage: options?.include_usage === true,
    usageOnFinish: hermesClient,
    ...(dto.logprobs && { logprobs: true }),
    // Hermes' clients read the event that stands beside the text; JSON with words in it can be read by nobody.
    ...(saysApprovals && !hermesClient && !asksForJson(dto) && { saysApprovals: true }),
  };
}

const asksForJson = ({ response_format: format }: ChatRequestDto): boolean => (format?.['type'] ?? 'text') !== 'text';

function samplingOf(dto: ChatRequestDto): Sampling {
  const sampling: { [K in keyof Sampling]: Sampling[K] | undefined } = {
    temperature: dto.temperature,
    topP: dto.top_p,
    outputTokensMax: tokenBound(dto.max_completion_tokens) ?? tokenBound(dto.max_tokens),
    stop: stopSequences(dto.stop),
    seed: dto.seed,
    presencePenalty: dto.presence_penalty,
    frequencyPenalty: dto.frequency_penalty,
    logitBias: dto.logit_bias && checkLogitBias({ ...dto.logit_bias }),
    logprobs: dto.logprobs,
    topLogprobs: topLogprobs(dto),
    responseFormat: dto.response_format && decodeResponseFormat(dto.response_format),
    parallelToolCalls: dto.parallel_tool_calls,
    reasoningEffort: dto.reasoning_effort,
    verbosity: dto.verbosity,
    serviceTier: dto.service_tier,
    user: dto.safety_identifier ?? dto.user,
    promptCacheKey: dto.prompt_cache_key,
    promptCache: promptCacheOf(dto),
  };
  return Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined));
}

function stopSequences(stop: ChatRequestDto['stop']): readonly string[] | undefined {
  if (stop === undefined) return undefined;
  const sequences = typeof stop === 'string' ? [stop] : stop;
  sequences.forEach((sequence, i) => {
    const path = typeof stop === 'string' ? 'stop' : `stop[${i}]`;
    if (typeof sequence !== 'string') throw refuse(path, 'must be a string.');
    if (sequence === '') throw refuse(path, 'must not be empty.');
  });
  return sequences.length > 0 ? (sequences as readonly string[]) : undefined;
}

function topLogprobs({ logprobs, top_logprobs }: ChatRequestDto): number | undefined {
  if (top_logprobs !== undefined && logprobs !== true) throw refuse('top_logprobs', "needs 'logprobs' to be true.");
  return top_logprobs;
}

function checkLogitBias(bias: JsonObject): JsonObject {
  const isFine = Object.values(bias).every((value) => typeof value === 'number' && value >= -100 && value <= 100);
  if (!isFine) throw refuse('logit_bias', 'must hold numbers between -100 and 100.');
  return bias;
}
