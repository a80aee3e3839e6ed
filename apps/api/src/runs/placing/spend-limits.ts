import { GatewayError, isMaxCost, LIMITS, SPEND_FIELDS, type RunDraft, type SpendLimits } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from '../../words/header-names.js';

/** The bounds that a request names, and the field or header that names each of them, for errors. */
interface Asked {
  readonly maxCost: number;
  readonly param: string;
}

const NAMES = {
  run: { key: HEADERS.maxCost, shown: 'X-Max-Cost' },
  session: { key: HEADERS.sessionMaxCost, shown: 'X-Session-Max-Cost' },
} as const;

/** Decimal digits, as a price list has them: no sign, no exponent, no blanks. */
const AMOUNT = /^\d{1,12}(?:\.\d{1,12})?$/;

/**
 * The draft with what its run and its session may cost: the fields of the body, and the headers X-Max-Cost and
 * X-Session-Max-Cost, which every protocol takes. Where both name a bound, the lower one holds. Throws GatewayError
 * `invalid_request` that names the field or header: for a wrong amount, for a bound of a session that the request does
 * not name, and for a model that has no price.
 * @param assertPriced throws when `model` has no price; called only when there is a bound.
 */
export async function withSpendLimits(
  draft: RunDraft,
  headers: IncomingHttpHeaders,
  assertPriced: (param: string) => Promise<void>,
): Promise<RunDraft> {
  const run = lower(bodyLimit(draft, 'run'), headerLimit(headers, 'run'));
  const session = lower(bodyLimit(draft, 'session'), headerLimit(headers, 'session'));
  const param = (run ?? session)?.param;
  if (param === undefined) return draft;
  if (session && draft.sessionId === undefined) {
    throw new GatewayError('invalid_request', `'${session.param}' needs a session: this run is in none.`, {
      param: session.param,
    });
  }
  await assertPriced(param);
  const spend: SpendLimits = { ...(run && { run: run.maxCost }), ...(session && { session: session.maxCost }) };
  return { ...draft, spend };
}

function bodyLimit({ spend = {} }: RunDraft, scope: 'run' | 'session'): Asked | undefined {
  const maxCost = spend[scope];
  return maxCost === undefined ? undefined : { maxCost, param: SPEND_FIELDS[scope] };
}

function headerLimit(headers: IncomingHttpHeaders, scope: 'run' | 'session'): Asked | undefined {
  const { key, shown: param } = NAMES[scope];
  const text = headers[key];
  if (text === undefined) return undefined;
  const maxCost = typeof text === 'string' && AMOUNT.test(text) ? Number(text) : NaN;
  if (isMaxCost(maxCost)) return { maxCost, param };
  throw new GatewayError('invalid_request', `'${param}' must be a number between 0 and ${LIMITS.maxCostMax}.`, {
    param,
  });
}

function lower(one: Asked | undefined, other: Asked | undefined): Asked | undefined {
  if (!one || !other) return one ?? other;
  return one.maxCost <= other.maxCost ? one : other;
}
