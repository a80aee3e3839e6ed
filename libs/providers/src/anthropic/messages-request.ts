import type { ClientTool, JsonObject, ModelRequest, ResponseFormat, Sampling, ToolChoice } from '#libs/contract';
import { markedPrompt } from './cache-control.js';
import { traitsOf } from './claude-traits.js';
import { thinkingFields } from './thinking-fields.js';

/** A body, and what the caller asked for and does not find in it. */
export interface MessagesRequest {
  readonly body: JsonObject;
  /** Names of fields, as the caller knows them. */
  readonly leftOut: readonly string[];
}

/** Fields of the body that nobody asked for: their absence is not told. */
export const OWN_FIELDS = ['cache_control', 'max_tokens'];

/**
 * The body of POST /v1/messages. Sampling fields that the API has no counterpart for are left out and named: seed,
 * penalties, logit_bias, logprobs, verbosity.
 *
 * `cache_control`: see `markedPrompt`. System text and tools come in the same order in every request of a conversation,
 * or the cached prefix would not be found.
 *
 * `response_format`: a strict schema is asked for natively, because only that is a guarantee, and a model that cannot
 * give it refuses; anything softer is asked for in the system text, which every model understands.
 */
export function toMessagesRequest(request: ModelRequest, streaming: boolean): MessagesRequest {
  const { model, sampling } = request;
  const traits = traitsOf(model);
  const maxTokens = sampling.outputTokensMax ?? request.outputTokensDefault ?? traits.outputTokens;
  const { automatic, system, turns, leftOut: marks } = markedPrompt(request, formatText(sampling.responseFormat));
  const { thinking, effort, isLeftOut } = thinkingFields(request, { traits, maxTokens, turns });
  const isThinking = thinking !== undefined && thinking['type'] !== 'disabled';
  const sampled = samplingFields(sampling, traits.takesSampling && !isThinking);
  const config = outputConfig(sampling, effort);
  const tier = TIERS[sampling.serviceTier ?? ''];
  const body = {
    model,
    max_tokens: maxTokens,
    ...sampling.messagesApi?.fields,
    ...(automatic !== undefined && { cache_control: automatic }),
    ...(system.length > 0 && { system }),
    messages: turns,
    ...sampled.fields,
    ...(tier !== undefined && { service_tier: tier }),
    ...(thinking && { thinking }),
    ...(config && { output_config: config }),
    ...toolFields(request),
    ...(streaming && { stream: true }),
  };
  const foreign = foreignFields(sampling, tier);
  return { body, leftOut: [...sampled.leftOut, ...(isLeftOut ? ['reasoning_effort'] : []), ...foreign, ...marks] };
}

/** OpenAI's words for tiers that this API has, too: its other words promise a speed. */
const TIERS: Readonly<Record<string, string>> = {
  auto: 'auto',
  default: 'standard_only',
  standard: 'standard_only',
  standard_only: 'standard_only',
};

/** Names of what was asked for and has no counterpart here. */
function foreignFields(sampling: Sampling, tier: string | undefined): string[] {
  const { seed, presencePenalty, frequencyPenalty, logitBias, logprobs, topLogprobs, verbosity, serviceTier } =
    sampling;
  const fields = {
    seed,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    logit_bias: logitBias,
    logprobs: logprobs || undefined,
    top_logprobs: topLogprobs,
    verbosity,
    service_tier: tier === undefined ? serviceTier : undefined,
  };
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

/**
 * Newer models take none of the fields that steer chance, and thinking excludes them. Where both temperature and top_p
 * are asked for, temperature is sent: current models refuse the two together.
 */
function samplingFields(
  { temperature, topP, topK, stop, user }: Sampling,
  takesSampling: boolean,
): { readonly fields: JsonObject; readonly leftOut: readonly string[] } {
  const steered = {
    // OpenAI's scale ends at 2, Anthropic's at 1: what is hotter than this API can do is asked for as hot as it can.
    ...(temperature !== undefined && { temperature: Math.min(Math.max(temperature, 0), 1) }),
    ...(topP !== undefined && temperature === undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
  };
  const asked = Object.entries({ temperature, top_p: topP, top_k: topK }).filter(([, value]) => value !== undefined);
  const sent: JsonObject = takesSampling ? steered : {};
  return {
    fields: {
      ...sent,
      ...(stop !== undefined && { stop_sequences: stop }),
      ...(user !== undefined && { metadata: { user_id: user } }),
    },
    leftOut: asked.flatMap(([name]) => (Object.hasOwn(sent, name) ? [] : [name])),
  };
}

function outputConfig({ responseFormat }: Sampling, effort: string | undefined): JsonObject | undefined {
  const schema = strictSchema(responseFormat);
  if (!schema && effort === undefined) return undefined;
  return {
    ...(effort !== undefined && { effort }),
    ...(schema && { format: { type: 'json_schema', schema } }),
  };
}

function strictSchema(format: ResponseFormat | undefined): JsonObject | undefined {
  return format?.type === 'json_schema' && format.strict === true ? format.schema : undefined;
}

function formatText(format: ResponseFormat | undefined): string {
  if (!format || format.type === 'text' || strictSchema(format)) return '';
  const only = 'Answer with one JSON object and nothing else: no introduction, no code fence.';
  if (format.type !== 'json_schema') return only;
  const about = format.description === undefined ? '' : ` It is described as: ${format.description}`;
  const schema = format.schema ? ` It must be valid against this JSON Schema: ${JSON.stringify(format.schema)}` : '';
  return `${only}${about}${schema}`;
}

function toolFields({ tools, toolChoice, sampling }: ModelRequest): JsonObject {
  const offered = toolChoice.kind === 'allowed' ? tools.filter(({ name }) => toolChoice.names.includes(name)) : tools;
  if (offered.length === 0) return {};
  const choice = toToolChoice(toolChoice, sampling.parallelToolCalls === false);
  return { tools: offered.map(toTool), ...(choice && { tool_choice: choice }) };
}

function toTool({ name, description, parameters }: ClientTool): JsonObject {
  // The API wants the type to be said, OpenAI's callers may leave it out.
  const schema = { type: 'object', ...parameters };
  return { name, ...(description !== undefined && { description }), input_schema: schema };
}

/** `auto` is what happens anyway, unless it carries the wish for one call at a time. */
function toToolChoice(choice: ToolChoice, oneAtATime: boolean): JsonObject | undefined {
  if (choice.kind === 'none') return { type: 'none' };
  const single = oneAtATime && { disable_parallel_tool_use: true };
  if (choice.kind === 'named') return { type: 'tool', name: choice.name, ...single };
  const mode = choice.kind === 'allowed' ? choice.mode : choice.kind;
  if (mode === 'required') return { type: 'any', ...single };
  return oneAtATime ? { type: 'auto', ...single } : undefined;
}
