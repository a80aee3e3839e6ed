import type { JsonObject, ResponseFormat, Sampling } from '#libs/contract';
import { checkSchemaSize } from '../../json-schema-size.js';
import { fieldOf, optionalPlace, optionalText, refuse, requiredText, type Place } from '../../request-place.js';

/**
 * How the answer shows reasoning. `hidden`: the client did not ask for it, and may not expect blocks of it. `omitted`:
 * blocks without their text, so that the client can send the state back.
 */
export type ThinkingDisplay = 'shown' | 'omitted' | 'hidden';

export interface DecodedThinking {
  readonly display: ThinkingDisplay;
  readonly sampling: Pick<Sampling, 'reasoningEffort' | 'thinking'>;
}

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];
const BUDGET_MIN = 1_024;
/** Budgets up to these limits mean a low or a medium effort to upstreams that only know words. */
const LOW_BUDGET_MAX = 4_096;
const MEDIUM_BUDGET_MAX = 16_384;

/** `thinking` and `output_config.effort`. Both are kept unchanged for upstreams of the same kind. */
export function decodeThinking(thinking: JsonObject | undefined, config: JsonObject | undefined): DecodedThinking {
  const effort = effortOf(config);
  if (!thinking) return { display: 'hidden', sampling: { ...(effort && { reasoningEffort: effort }) } };
  const place: Place = { object: thinking, path: 'thinking' };
  const type = requiredText(place, 'type');
  if (!['enabled', 'adaptive', 'disabled', 'between_tools'].includes(type)) {
    throw refuse('thinking.type', 'must be one of enabled, adaptive, disabled, between_tools.');
  }
  const budget = type === 'enabled' ? budgetOf(place) : undefined;
  const wanted = effort ?? (budget === undefined ? undefined : effortOfBudget(budget));
  return {
    display: displayOf(place, type),
    sampling: { thinking, ...(wanted && { reasoningEffort: wanted }) },
  };
}

function displayOf(place: Place, type: string): ThinkingDisplay {
  const display = optionalText(place, 'display');
  if (display !== undefined && !['summarized', 'omitted', 'updates'].includes(display)) {
    throw refuse('thinking.display', 'must be one of summarized, omitted, updates.');
  }
  if (type === 'disabled') return 'hidden';
  return display === 'omitted' ? 'omitted' : 'shown';
}

function budgetOf(place: Place): number {
  const budget = fieldOf(place, 'budget_tokens');
  if (budget === undefined) throw refuse('thinking.budget_tokens', 'is required.', 'missing_required_parameter');
  if (Number.isSafeInteger(budget) && Number(budget) >= BUDGET_MIN) return Number(budget);
  throw refuse('thinking.budget_tokens', `must be an integer of at least ${BUDGET_MIN}.`);
}

function effortOfBudget(budget: number): string {
  if (budget <= LOW_BUDGET_MAX) return 'low';
  return budget <= MEDIUM_BUDGET_MAX ? 'medium' : 'high';
}

function effortOf(config: JsonObject | undefined): string | undefined {
  if (!config) return undefined;
  const effort = optionalText({ object: config, path: 'output_config' }, 'effort');
  if (effort === undefined || EFFORTS.includes(effort)) return effort;
  throw refuse('output_config.effort', `must be one of ${EFFORTS.join(', ')}.`);
}

/** `output_config.format`: a JSON Schema, which is always strict in this API. */
export function decodeFormat(config: JsonObject | undefined): ResponseFormat | undefined {
  const format = config && optionalPlace({ object: config, path: 'output_config' }, 'format');
  if (!format) return undefined;
  if (requiredText(format, 'type') !== 'json_schema') throw refuse('output_config.format.type', 'must be json_schema.');
  const schema = optionalPlace(format, 'schema');
  if (!schema) throw refuse('output_config.format.schema', 'is required.', 'missing_required_parameter');
  checkSchemaSize(schema);
  return { type: 'json_schema', name: 'answer', schema: schema.object, strict: true };
}
