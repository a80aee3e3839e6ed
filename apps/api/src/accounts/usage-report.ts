import {
  GatewayError,
  isJsonObject,
  LIMITS,
  type StoredAccounts,
  type UsagePlace,
  type UsageRow,
} from '#libs/contract';
import type { Page, UsageEntry } from '#libs/wire';
import type { UsageQueryDto } from './usage.dto.js';
import { dayOf, dayText, today } from './days.js';

const DAYS_DEFAULT = 30;

/** What keys have used, by day and model, from the rows of the store. */
export class UsageReport {
  constructor(
    private readonly accounts: Pick<StoredAccounts, 'usage'>,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * A page in the order of day, key and model. Throws GatewayError `invalid_request`, `invalid_cursor`, and
   * `unavailable` when the store cannot be asked.
   * @param owner absent: of all keys.
   */
  async page(query: UsageQueryDto, owner?: string): Promise<Page<UsageEntry>> {
    const { limit, after } = query;
    const order = {
      ...this.days(query),
      ...(owner !== undefined && { owner }),
      ...(after !== undefined && { after: parsePlace(after) }),
    };
    // One more than asked for tells whether there is a next page.
    const found = await this.accounts.usage({ ...order, limit: limit + 1 });
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    const next = last && found.length > limit ? placeText(last) : null;
    return { object: 'list', data: rows.map(usageEntry), has_more: next !== null, next };
  }

  private days({ from, to }: UsageQueryDto): { readonly fromDay: number; readonly toDay: number } {
    const toDay = (to === undefined ? undefined : dayOf(to)) ?? today(this.now());
    const fromDay = (from === undefined ? undefined : dayOf(from)) ?? Math.max(0, toDay - DAYS_DEFAULT + 1);
    const firstDay = Math.max(0, toDay - LIMITS.usageDaysMax + 1);
    if (fromDay >= firstDay && fromDay <= toDay) return { fromDay, toDay };
    const range = `'from' must be a day from ${dayText(firstDay)} to ${dayText(toDay)}`;
    const why = `the last day is ${to === undefined ? 'today' : "'to'"}, and ${LIMITS.usageDaysMax} days are told at most`;
    throw new GatewayError('invalid_request', `${range}: ${why}.`, { param: 'from' });
  }
}

function usageEntry(row: UsageRow): UsageEntry {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = row;
  return {
    object: 'usage',
    day: dayText(row.day),
    key: row.owner,
    model: row.model,
    runs: row.runs,
    usage: {
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      input_tokens_details: { cached_tokens: cachedInputTokens },
      output_tokens_details: { reasoning_tokens: reasoningTokens },
    },
    cost: row.cost,
  };
}

const placeText = ({ day, owner, model }: UsagePlace): string =>
  Buffer.from(JSON.stringify({ day, owner, model })).toString('base64url');

function parsePlace(text: string): UsagePlace {
  const place = placeIn(Buffer.from(text, 'base64url').toString());
  if (isJsonObject(place)) {
    const { day, owner, model } = place;
    const isPlace = Number.isSafeInteger(day) && typeof owner === 'string' && typeof model === 'string';
    if (isPlace && Number(day) >= 0) return { day: Number(day), owner, model };
  }
  throw new GatewayError('invalid_cursor', "'after' is not what a page of usage gave as 'next'.", { param: 'after' });
}

function placeIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
