import { isJsonObject, type JsonObject, type ModelRequest } from '#libs/contract';
import type { ModelTraits } from './claude-traits.js';

/** Thinking tokens by effort, for a model that takes a budget instead of an effort. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 4_096,
  medium: 12_288,
  high: 24_576,
  xhigh: 32_768,
  max: 49_152,
};
const BUDGET_MIN = 1_024;
/** Tokens left for the answer itself. */
const ANSWER_TOKENS_MIN = 1_024;
/** OpenAI's lowest effort has no name in this API. */
const EFFORTS: Readonly<Record<string, string>> = { minimal: 'low' };

/** The effort names of this API. */
const KNOWN_EFFORTS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

export interface ThinkingFields {
  readonly thinking?: JsonObject;
  /** `output_config.effort`. */
  readonly effort?: string;
  /** The request has no place for the effort that was asked for. */
  readonly isLeftOut?: boolean;
}

/**
 * The thinking fields of a request. What a Messages request says about thinking takes precedence over
 * `reasoning_effort`. Thinking is left out where the API would refuse the request because of it: beside a forced call,
 * and in a loop whose last answer has calls and no thinking to show.
 * @param turns the conversation as it is sent.
 */
export function thinkingFields(
  { sampling, toolChoice, tools }: Pick<ModelRequest, 'sampling' | 'toolChoice' | 'tools'>,
  { traits, maxTokens, turns }: { traits: ModelTraits; maxTokens: number; turns: readonly JsonObject[] },
): ThinkingFields {
  const { thinking: asked, reasoningEffort: word } = sampling;
  const isForced = tools.length > 0 && isForcing(toolChoice);
  const effort = effortFields(word, traits);
  if (asked?.['type'] === 'disabled') return { thinking: { type: 'disabled' }, ...effort };
  const wanted = asked ?? ownThinking(word, { traits, maxTokens });
  if (!wanted) return { ...effort };
  if (isForced || endsWithAssistant(turns)) return { ...effort, ...(word !== undefined && { isLeftOut: true }) };
  const fit = fitting(wanted, { traits, maxTokens, word });
  const isRefused = fit?.['type'] === 'enabled' && hasBareCalls(turns);
  return { ...(fit && !isRefused && { thinking: fit }), ...effort };
}

function effortFields(
  word: string | undefined,
  { thinking }: ModelTraits,
): Pick<ThinkingFields, 'effort' | 'isLeftOut'> {
  if (word === undefined || word === 'none') return {};
  const effort = EFFORTS[word] ?? word;
  if (thinking === 'words' && KNOWN_EFFORTS.has(effort)) return { effort };
  return thinking === 'budget' && Object.hasOwn(BUDGETS, word) ? {} : { isLeftOut: true };
}

/** The meaning of `reasoning_effort` for this model. undefined when nothing is requested. */
function ownThinking(
  word: string | undefined,
  { traits, maxTokens }: { traits: ModelTraits; maxTokens: number },
): JsonObject | undefined {
  if (word === undefined || traits.thinking === 'none' || traits.thinking === 'unknown') return undefined;
  if (word === 'none') return { type: 'disabled' };
  if (traits.thinking === 'words') return { type: 'adaptive', display: 'summarized' };
  const budget = Math.min(BUDGETS[word] ?? 0, maxTokens - ANSWER_TOKENS_MIN);
  return budget >= BUDGET_MIN ? { type: 'enabled', budget_tokens: budget } : undefined;
}

/** A model without `adaptive` thinking gets a budget instead. A model that does not think is not asked to. */
function fitting(
  wanted: JsonObject,
  { traits, maxTokens, word }: { traits: ModelTraits; maxTokens: number; word: string | undefined },
): JsonObject | undefined {
  if (traits.thinking === 'none') return undefined;
  const isNewer = wanted['type'] === 'adaptive' || wanted['type'] === 'between_tools';
  if (traits.thinking !== 'budget' || !isNewer) return wanted;
  return ownThinking(word ?? 'medium', { traits, maxTokens });
}

const isForcing = (choice: ModelRequest['toolChoice']): boolean =>
  choice.kind === 'required' || choice.kind === 'named' || (choice.kind === 'allowed' && choice.mode === 'required');

const endsWithAssistant = (turns: readonly JsonObject[]): boolean => turns.at(-1)?.['role'] === 'assistant';

/** Whether the current loop has an answer with calls that does not begin with thinking. */
function hasBareCalls(turns: readonly JsonObject[]): boolean {
  const answer = turns.at(-2);
  const content = answer?.['role'] === 'assistant' ? answer['content'] : undefined;
  const blocks = Array.isArray(content) ? content.filter(isJsonObject) : [];
  const isLoop = blocks.some((block) => block['type'] === 'tool_use');
  return isLoop && blocks[0]?.['type'] !== 'thinking' && blocks[0]?.['type'] !== 'redacted_thinking';
}
