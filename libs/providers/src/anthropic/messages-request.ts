import type { ClientTool, JsonObject, ModelRequest, ResponseFormat, Sampling, ToolChoice } from '#libs/contract';
import { toTurns } from './turns.js';

/** `max_tokens` must be given; this is what a caller gets who did not ask for a bound. */
const OUTPUT_TOKENS_DEFAULT = 8192;

/**
 * The body of POST /v1/messages. Sampling fields that the API has no counterpart for are left out: seed, penalties,
 * logit_bias, logprobs, verbosity, service_tier (same name, other meaning), and reasoning_effort: thinking blocks would
 * have to be sent back with their signatures, and our messages do not carry them.
 *
 * `response_format`: a strict schema is asked for natively, because only that is a guarantee, and a model that cannot
 * give it refuses; anything softer is asked for in the system text, which every model understands.
 */
export function toMessagesRequest(request: ModelRequest, streaming: boolean): JsonObject {
  const { model, messages, sampling } = request;
  const system = [request.system, formatText(sampling.responseFormat)].filter((text) => text !== '').join('\n\n');
  return {
    model,
    max_tokens: sampling.outputTokensMax ?? OUTPUT_TOKENS_DEFAULT,
    ...(system !== '' && { system }),
    messages: toTurns(messages),
    ...samplingFields(sampling),
    ...toolFields(request),
    ...(streaming && { stream: true }),
  };
}

function samplingFields({ temperature, topP, stop, user, responseFormat }: Sampling): JsonObject {
  const schema = strictSchema(responseFormat);
  return {
    // OpenAI's scale ends at 2, Anthropic's at 1: what is hotter than this API can do is asked for as hot as it can.
    ...(temperature !== undefined && { temperature: Math.min(Math.max(temperature, 0), 1) }),
    ...(topP !== undefined && { top_p: topP }),
    ...(stop !== undefined && { stop_sequences: stop }),
    ...(user !== undefined && { metadata: { user_id: user } }),
    ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
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
