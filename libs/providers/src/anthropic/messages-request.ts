import type { ClientTool, JsonObject, ModelRequest, ResponseFormat, Sampling, ToolChoice } from '#libs/contract';
import { markedPrompt } from './cache-control.js';
import { traitsOf } from './claude-traits.js';
import { thinkingFields } from './thinking-fields.js';

/** A request body, and the names of the fields that were asked for and are not in it. */
export interface MessagesRequest {
  readonly body: JsonObject;
  /** Names of fields, as the caller knows them. */
  readonly leftOut: readonly string[];
}

/** Fields of the body that the caller did not ask for: leaving them out is not reported. */
export const OWN_FIELDS = ['cache_control', 'max_tokens'];

/**
 * The body of POST /v1/messages. Sampling fields without a counterpart in this API are left out and named: seed,
 * penalties, logit_bias, logprobs, verbosity.
 *
 * For `cache_control` see `markedPrompt`. System text and tools come in the same order in every request of a
 * conversation, because the cached prefix would not be found otherwise.
 *
 * `response_format`: a strict schema is requested natively, because only that is a guarantee, and a model that cannot
 * give it refuses. Anything softer is requested in the system text, which every model understands.
 */
export function toMessagesRequest(request: ModelRequest, streaming: boolean): MessagesRequest {
  const { model, sampling } = request;
  const traits = traitsOf(model);
  const maxTokens = sampling.outputTokensMax ?? request.outputTokensDefault ?? traits.outputTokens;
  const {
    automatic,
    system,
    turns,
    toolMarksGone,
    leftOut: marks,
  } = markedPrompt(request, formatText(sampling.responseFormat));
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
    ...toolFields(request, toolMarksGone),
    ...(streaming && { stream: true }),
  };
  const foreign = foreignFields(sampling, tier);
  return { body, leftOut: [...sampled.leftOut, ...(isLeftOut ? ['reasoning_effort'] : []), ...foreign, ...marks] };
}

/** OpenAI's names for the tiers that this API also has. Its other names promise a speed, and have no counterpart. */
const TIERS: Readonly<Record<string, string>> = {
  auto: 'auto',
  default: 'standard_only',
  standard: 'standard_only',
  standard_only: 'standard_only',
};

/** Names of requested fields that have no counterpart here. */
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
 * Newer models accept no sampling fields, and thinking excludes them. Where both temperature and top_p are asked for,
 * only temperature is sent, because current models refuse the two together.
 */
function samplingFields(
  { temperature, topP, topK, stop, user }: Sampling,
  takesSampling: boolean,
): { readonly fields: JsonObject; readonly leftOut: readonly string[] } {
  const steered = {
    // OpenAI's scale ends at 2, Anthropic's at 1. A higher temperature is sent as 1.
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

function toolFields({ tools, toolChoice, sampling }: ModelRequest, marksGone: number): JsonObject {
  const offered = toolChoice.kind === 'allowed' ? tools.filter(({ name }) => toolChoice.names.includes(name)) : tools;
  if (offered.length === 0) return {};
  const choice = toToolChoice(toolChoice, sampling.parallelToolCalls === false);
  const gone = new Set(tools.filter(({ cacheMark }) => cacheMark).slice(0, marksGone));
  return { tools: offered.map((tool) => toTool(tool, gone.has(tool))), ...(choice && { tool_choice: choice }) };
}

function toTool({ name, description, parameters, cacheMark }: ClientTool, isUnmarked: boolean): JsonObject {
  // The API requires the type; OpenAI's callers may omit it.
  const schema = { type: 'object', ...parameters };
  const mark = cacheMark && !isUnmarked && { cache_control: cacheMark.fields };
  return { name, ...(description !== undefined && { description }), input_schema: schema, ...mark };
}

/** `auto` is the default, so it is sent only to carry the wish for one call at a time. */
function toToolChoice(choice: ToolChoice, oneAtATime: boolean): JsonObject | undefined {
  if (choice.kind === 'none') return { type: 'none' };
  const single = oneAtATime && { disable_parallel_tool_use: true };
  if (choice.kind === 'named') return { type: 'tool', name: choice.name, ...single };
  const mode = choice.kind === 'allowed' ? choice.mode : choice.kind;
  if (mode === 'required') return { type: 'any', ...single };
  return oneAtATime ? { type: 'auto', ...single } : undefined;
}
