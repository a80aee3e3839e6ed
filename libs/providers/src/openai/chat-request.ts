import {
  CACHE_MARK_FIELDS,
  cacheMarksOf,
  type ClientTool,
  type JsonObject,
  type ModelRequest,
  type ResponseFormat,
  type Sampling,
  type ToolChoice,
} from '#libs/contract';
import { CALL_IDS } from '../upstream/refused-fields.js';
import { toChatMessages } from './chat-messages.js';

export interface ChatWire {
  /** OpenAI itself, not a server that is compatible with it. */
  readonly isOpenAi: boolean;
  /** Mistral itself, whose call ids are shorter. */
  readonly isMistral: boolean;
}

/**
 * The body of POST /chat/completions. It has only the fields that were asked for, because compatible servers refuse
 * fields that they do not know.
 *
 * The output limit has two names. OpenAI's newer models refuse `max_tokens`, and many compatible servers know only
 * `max_tokens`. So the name depends on the server, and a server that refuses one name gets the other.
 */
export function toChatRequest(request: ModelRequest, { isOpenAi, isMistral }: ChatWire): JsonObject {
  const { model, sampling, streaming = true, without = [] } = request;
  const refuses = (name: string): boolean => without.some((field) => field.name === name);
  const names = isOpenAi ? ['max_completion_tokens', 'max_tokens'] : ['max_tokens', 'max_completion_tokens'];
  const outputTokensMax = names.find((name) => !refuses(name)) ?? 'max_tokens';
  return {
    model,
    messages: toChatMessages(request, {
      shortIds: isMistral || refuses(CALL_IDS),
      takesMarks: takesMarks(request, isOpenAi),
    }),
    ...(isOpenAi ? sampling.promptCache : sampling.extra),
    ...samplingFields(sampling, isOpenAi),
    ...field(outputTokensMax, sampling.outputTokensMax),
    ...toolFields(request),
    ...(streaming && { stream: true, stream_options: { include_usage: true } }),
  };
}

/** Names of the cache marks that this upstream does not get, as their senders know them. */
export function marksLeftOut(request: ModelRequest, isOpenAi: boolean): readonly string[] {
  const isTaken = takesMarks(request, isOpenAi);
  const given = cacheMarksOf(request.messages).filter(({ form }) => form !== 'openai' || !isTaken);
  const onTools = request.tools.flatMap(({ cacheMark }) => (cacheMark ? [CACHE_MARK_FIELDS[cacheMark.form]] : []));
  const names = given.map(({ form }) => CACHE_MARK_FIELDS[form]);
  const inSystem = (request.sampling.messagesApi?.systemMarks ?? []).map(() => CACHE_MARK_FIELDS.anthropic);
  return [...new Set([...onTools, ...inSystem, ...names])];
}

/** Only OpenAI itself knows these marks, and only its newer models accept them. */
const takesMarks = ({ without = [] }: ModelRequest, isOpenAi: boolean): boolean =>
  isOpenAi && !without.some(({ name }) => name === CACHE_MARK_FIELDS.openai);

function samplingFields(sampling: Sampling, isOpenAi: boolean): JsonObject {
  return {
    ...field('temperature', sampling.temperature),
    ...field('top_p', sampling.topP),
    ...(isOpenAi ? {} : field('top_k', sampling.topK)),
    ...field('stop', sampling.stop),
    ...field('seed', sampling.seed),
    ...field('presence_penalty', sampling.presencePenalty),
    ...field('frequency_penalty', sampling.frequencyPenalty),
    ...field('logit_bias', sampling.logitBias),
    ...field('logprobs', sampling.logprobs),
    ...field('top_logprobs', sampling.topLogprobs),
    ...field('response_format', sampling.responseFormat && toResponseFormat(sampling.responseFormat, isOpenAi)),
    ...field('reasoning_effort', sampling.reasoningEffort),
    ...field('verbosity', sampling.verbosity),
    ...field('service_tier', sampling.serviceTier),
    ...field('user', sampling.user),
    ...field('prompt_cache_key', sampling.promptCacheKey),
  };
}

/** Empty when there is no tool to offer: without tools, `tool_choice` and `parallel_tool_calls` are refused. */
function toolFields({ tools, toolChoice, sampling }: ModelRequest): JsonObject {
  // Compatible servers do not know 'allowed', so the gateway enforces it: only the allowed tools are offered.
  const offered = toolChoice.kind === 'allowed' ? tools.filter(({ name }) => toolChoice.names.includes(name)) : tools;
  if (offered.length === 0) return {};
  return {
    tools: offered.map(toChatTool),
    ...field('tool_choice', toToolChoice(toolChoice)),
    ...field('parallel_tool_calls', sampling.parallelToolCalls),
  };
}

function toChatTool({ name, description, parameters, strict }: ClientTool): JsonObject {
  return {
    type: 'function',
    function: {
      name,
      ...field('description', description),
      ...field('parameters', parameters),
      ...field('strict', strict),
    },
  };
}

/** `auto` is the default. */
function toToolChoice(choice: ToolChoice): string | JsonObject | undefined {
  if (choice.kind === 'named') return { type: 'function', function: { name: choice.name } };
  const mode = choice.kind === 'allowed' ? choice.mode : choice.kind;
  return mode === 'auto' ? undefined : mode;
}

function toResponseFormat(format: ResponseFormat, isOpenAi: boolean): JsonObject {
  if (format.type !== 'json_schema') return { type: format.type, ...(!isOpenAi && field('schema', format.schema)) };
  const { name, schema, description, strict } = format;
  return {
    type: 'json_schema',
    json_schema: { name, ...field('description', description), ...field('schema', schema), ...field('strict', strict) },
  };
}

/** `{key: value}`, or an empty object when there is no value. */
export function field(key: string, value: JsonObject[string]): JsonObject {
  return value === undefined ? {} : { [key]: value };
}
