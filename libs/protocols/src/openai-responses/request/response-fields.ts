import type { JsonObject } from '#libs/contract';
import { tokenBound } from '../../dto/dto-rules.js';
import type { ResponsesOptions } from './responses-options.js';
import type { ResponsesRequestDto } from './responses-request.dto.js';

/** The decoded parts of the request that the response object does not repeat word for word. */
export interface DecodedFields {
  readonly tools: readonly JsonObject[];
  readonly text: JsonObject;
  readonly options: ResponsesOptions;
}

/** The keys of the response object that the request set, by their wire names. The others have their defaults. */
export function responseFields(dto: ResponsesRequestDto, { tools, text, options }: DecodedFields): JsonObject {
  const { conversation, hasOwnHistory, stored } = options;
  const fields: JsonObject = {
    previous_response_id: hasOwnHistory ? undefined : dto.previous_response_id,
    instructions: dto.instructions,
    tools: tools.length > 0 ? tools : undefined,
    tool_choice: dto.tool_choice,
    truncation: dto.truncation,
    parallel_tool_calls: dto.parallel_tool_calls,
    text: dto.text && text,
    top_p: dto.top_p,
    presence_penalty: dto.presence_penalty,
    frequency_penalty: dto.frequency_penalty,
    top_logprobs: dto.top_logprobs,
    temperature: dto.temperature,
    reasoning: dto.reasoning && reasoningOf(dto.reasoning),
    max_output_tokens: tokenBound(dto.max_output_tokens),
    max_tool_calls: dto.max_tool_calls,
    store: stored ? undefined : false,
    background: options.background ? true : undefined,
    service_tier: dto.service_tier === 'auto' ? undefined : dto.service_tier,
    safety_identifier: dto.safety_identifier,
    prompt_cache_key: dto.prompt_cache_key,
    prompt_cache_retention: dto.prompt_cache_retention,
    user: dto.user,
    conversation: conversation?.kind === 'id' ? { id: conversation.id } : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function reasoningOf({ effort, summary, generate_summary }: JsonObject): JsonObject {
  return { effort: effort ?? null, summary: summary ?? generate_summary ?? null };
}
