import { isJsonObject, type JsonObject, type JsonValue, type MessagesApiWishes, type SystemMark } from '#libs/contract';
import type { DecodeContext } from '../../protocol/request-context.js';
import { refuse } from '../../request-place.js';

/** Fields that only Anthropic's own servers understand. */
const FIELDS: ReadonlySet<string> = new Set([
  'cache_control',
  'context_management',
  'inference_geo',
  'service_tier',
  'speed',
]);
/** Longest value of one field, as JSON. */
const FIELD_CHARS_MAX = 16_384;
const BETAS_MAX = 32;
/** As Anthropic writes them: `context-management-2025-06-27`. */
const BETA = /^[a-z0-9][a-z0-9.-]{0,63}$/;
/** Betas about the client's login. Upstream the gateway uses its own login. */
const LOGIN = /^oauth-/;

export interface DecodedWishes {
  /** Absent: the request has none. */
  readonly wishes?: MessagesApiWishes;
  /** Names of all other fields that the gateway does not know. */
  readonly leftOut: readonly string[];
}

/** Fields, betas and marks in the system text that are passed on unchanged to an upstream of this protocol. */
export function decodeWishes(
  { otherFields = {}, headers = {} }: DecodeContext,
  systemMarks: readonly SystemMark[],
): DecodedWishes {
  checkTypes(otherFields);
  const known = Object.entries(otherFields).filter(
    ([name, value]) => FIELDS.has(name) && JSON.stringify(value).length <= FIELD_CHARS_MAX,
  );
  const fields: JsonObject = Object.fromEntries(known);
  const betas = betasOf(headers['anthropic-beta']);
  const leftOut = Object.keys(otherFields).filter((name) => !Object.hasOwn(fields, name));
  const marks = systemMarks.length > 0 && { systemMarks };
  const hasWishes = known.length > 0 || betas.length > 0 || systemMarks.length > 0;
  return { leftOut, ...(hasWishes && { wishes: { fields, betas, ...marks } }) };
}

/** Throws GatewayError `invalid_request` that names the field. */
function checkTypes(fields: JsonObject): void {
  for (const [name, { isFine, problem }] of TYPES) {
    const value = fields[name];
    if (value !== undefined && value !== null && !isFine(value)) throw refuse(name, problem);
  }
}

interface Check {
  readonly isFine: (value: JsonValue) => boolean;
  readonly problem: string;
}

const OBJECT: Check = { isFine: isJsonObject, problem: 'must be an object.' };
const WORD: Check = { isFine: (value) => typeof value === 'string', problem: 'must be a string.' };
/** By their names on the wire. Which words there are is the upstream's own matter. */
const TYPES: ReadonlyMap<string, Check> = new Map([
  ['cache_control', OBJECT],
  ['context_management', OBJECT],
  ['inference_geo', WORD],
  ['service_tier', WORD],
  ['speed', WORD],
]);

function betasOf(header: string | readonly string[] | undefined): readonly string[] {
  const named = [header ?? []].flat().flatMap((text) => text.split(','));
  const betas = named.map((name) => name.trim()).filter((name) => BETA.test(name) && !LOGIN.test(name));
  return [...new Set(betas)].slice(0, BETAS_MAX);
}
