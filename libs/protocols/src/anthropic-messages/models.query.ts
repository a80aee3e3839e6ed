import { GatewayError } from '#libs/contract';
import { IsIntegerBetween, IsString } from '../dto/dto-rules.js';
import { parseQuery } from '../dto/parse-query.js';
import type { ListedModel } from '../protocol/model-list.js';

const PAGE_MAX = 1_000;

/** The query of GET /v1/models as Anthropic has it. Without `limit` all models are one page. */
class ModelsQuery {
  @IsIntegerBetween(1, PAGE_MAX)
  limit?: number;

  @IsString()
  after_id?: string;

  @IsString()
  before_id?: string;
}

export interface ModelsPage {
  readonly models: readonly ListedModel[];
  readonly hasMore: boolean;
}

/** The models behind `after_id`, or those just before `before_id`. Throws GatewayError (400) with the parameter. */
export function pageOf(models: readonly ListedModel[], query: unknown): ModelsPage {
  const { limit = models.length, after_id: after, before_id: before } = parseQuery(ModelsQuery, query);
  if (after !== undefined && before !== undefined) {
    throw new GatewayError('invalid_request', "'before_id' cannot stand beside after_id.", { param: 'before_id' });
  }
  if (before !== undefined) {
    const end = placeOf(models, before, 'before_id');
    const start = Math.max(0, end - limit);
    return { models: models.slice(start, end), hasMore: start > 0 };
  }
  const start = after === undefined ? 0 : placeOf(models, after, 'after_id') + 1;
  return { models: models.slice(start, start + limit), hasMore: start + limit < models.length };
}

function placeOf(models: readonly ListedModel[], id: string, param: string): number {
  const at = models.findIndex(({ name }) => name === id);
  if (at >= 0) return at;
  throw new GatewayError('invalid_request', `'${param}' must be the id of a model of this list.`, { param });
}
