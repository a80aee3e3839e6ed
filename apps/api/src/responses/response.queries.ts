import { IsIntegerBetween, IsOneOf, IsString, IsTrueOrFalse, Rule } from '#libs/protocols';
import { API_LIMITS } from '../words/api-limits.js';

/** The query of lists of items, as published. */
export class ItemListQuery {
  @IsOneOf('asc', 'desc')
  order: 'asc' | 'desc' = 'desc';

  @IsIntegerBetween(1, API_LIMITS.itemsPageMax)
  limit: number = API_LIMITS.itemsPage;

  @IsString()
  after?: string;
}

const SEQUENCE_PROBLEM = 'must be the sequence number of an event: 0, 1, 2 ...';

/** The query of GET /v1/responses/{id}. */
export class ResponseQuery {
  @IsTrueOrFalse()
  stream?: boolean;

  @Rule(Number.isSafeInteger, SEQUENCE_PROBLEM, 'invalid_cursor', { type: 'integer', minimum: 0 })
  starting_after?: number;
}
