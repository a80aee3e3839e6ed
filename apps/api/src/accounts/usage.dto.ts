import { Described, IsIntegerBetween, IsString, IsText, Required, Rule } from '#libs/protocols';
import { LIMITS } from '#libs/contract';
import { API_LIMITS } from '../words/api-limits.js';
import { dayOf } from './days.js';

const IsDay = (what: string): PropertyDecorator =>
  Rule(
    (value) => typeof value === 'string' && dayOf(value) !== undefined,
    'must be a day of the calendar in UTC, written like 2026-01-31, without a time.',
    'invalid_request',
    {
      type: 'string',
      format: 'date',
      description: what,
    },
  );

/** Words of other APIs for the same. Passed over in silence they would give the numbers of other days. */
const IsFromTo = (): PropertyDecorator =>
  Rule(() => false, "is not read here: give the first and the last day as 'from' and 'to', like 2026-01-31.");

/** The query of GET /v1/usage. */
export class UsageQueryDto {
  @IsDay('The first day, in UTC; absent: 29 days before the last.')
  from?: string;

  @IsDay('The last day, included; absent: today.')
  to?: string;

  @IsIntegerBetween(1, API_LIMITS.usagePageMax)
  limit: number = API_LIMITS.usagePage;

  @IsString()
  @Described('next of the page before')
  after?: string;

  @IsFromTo()
  since?: string;

  @IsFromTo()
  until?: string;

  @IsFromTo()
  days?: string;

  @IsFromTo()
  start_time?: string;

  @IsFromTo()
  end_time?: string;
}

/** The query of GET /internal/usage. */
export class AllUsageQueryDto extends UsageQueryDto {
  @IsString()
  @Described('Name of a key; absent: all of them.')
  key?: string;
}

/** The query of GET /api/search. */
export class SearchQueryDto {
  @Required()
  @IsText(LIMITS.searchCharsMax)
  @Described('Words, "phrases", or; a minus before what must not be there.')
  q: string;

  @IsIntegerBetween(1, API_LIMITS.foundPageMax)
  limit: number = API_LIMITS.foundPage;

  @IsString()
  @Described('next of the page before')
  after?: string;
}
