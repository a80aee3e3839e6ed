import { isJsonObject, LIMITS, type JsonObject, type JsonValue, type Reasoning } from '#libs/contract';
import { fieldOf, listOf, optionalPlace, optionalText, refuse, type Place } from '../request-place.js';
import { isOwnDetail, reasoningOfDetail } from './reasoning-details.js';

/**
 * The reasoning of an assistant message in a client's history: `reasoning_content` or `reasoning`, `reasoning_details`,
 * and `extra_content`, as the client received them from this gateway or from another server. Throws GatewayError of
 * status 400 that names the field.
 */
export function decodeReasoning(place: Place): Reasoning[] {
  const content = boundedText(place, 'reasoning_content');
  // Some clients put their settings into `reasoning`, so only a text counts as reasoning.
  const named = typeof fieldOf(place, 'reasoning') === 'string' ? boundedText(place, 'reasoning') : undefined;
  const text = content || named || '';
  const details = decodeDetails(place);
  const foreign = details.filter((detail) => !isOwnDetail(detail));
  const extraContent = decodeExtraContent(place);
  const fields: JsonObject = {
    ...(foreign.length > 0 && { reasoning_details: foreign }),
    ...(extraContent && { extra_content: extraContent }),
  };
  const hasFields = Object.keys(fields).length > 0;
  const isNamed = !content && text !== '';
  const seal = {
    form: 'openai' as const,
    ...(isNamed && { textField: 'reasoning' as const }),
    ...(hasFields && { fields }),
  };
  const plain: Reasoning = { text, ...((hasFields || isNamed) && { seal }) };
  return [...(text !== '' || hasFields ? [plain] : []), ...details.filter(isOwnDetail).map(reasoningOfDetail)];
}

/** `extra_content` of a message or a call: opaque, and bounded. */
export function decodeExtraContent(place: Place): JsonObject | undefined {
  const extra = optionalPlace(place, 'extra_content');
  if (extra) checkStateSize(extra.object, extra.path);
  return extra?.object;
}

function decodeDetails(place: Place): JsonObject[] {
  const value = fieldOf(place, 'reasoning_details');
  if (value === undefined) return [];
  const path = `${place.path}.reasoning_details`;
  const details = listOf(value, path, LIMITS.contentPartsMax).filter(isJsonObject);
  checkStateSize(details, path);
  return details;
}

function boundedText(place: Place, key: string): string | undefined {
  const text = optionalText(place, key);
  if (text === undefined || text.length <= LIMITS.reasoningCharsMax) return text;
  const problem = `must have at most ${LIMITS.reasoningCharsMax} characters.`;
  throw refuse(`${place.path}.${key}`, problem, 'string_above_max_length');
}

function checkStateSize(value: JsonValue, path: string): void {
  if (Buffer.byteLength(JSON.stringify(value)) <= LIMITS.upstreamStateBytesMax) return;
  throw refuse(path, `must have at most ${LIMITS.upstreamStateBytesMax} bytes as JSON.`, 'string_above_max_length');
}
