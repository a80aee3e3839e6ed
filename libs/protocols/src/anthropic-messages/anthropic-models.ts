import type { JsonObject } from '#libs/contract';
import { pageOf } from './models.query.js';
import { MODEL_CREATED_SECONDS, type ListedModel, type ModelList } from '../protocol/model-list.js';

const CREATED_AT = new Date(MODEL_CREATED_SECONDS * 1_000).toISOString();

/** null stands for an unknown value, as the SDK's types allow. */
const one = ({ name, contextTokens, outputTokens }: ListedModel): JsonObject => ({
  type: 'model',
  id: name,
  display_name: name,
  created_at: CREATED_AT,
  lifecycle: 'active',
  max_input_tokens: contextTokens ?? null,
  max_tokens: outputTokens ?? null,
  capabilities: null,
});

/** The models in Anthropic's shape, for clients that send `anthropic-version`. */
export const anthropicModels: ModelList = {
  speaks: (headers) => headers['anthropic-version'] !== undefined,
  list: (all, query = {}) => {
    const { models, hasMore } = pageOf(all, query);
    return {
      data: models.map(one),
      has_more: hasMore,
      first_id: models[0]?.name ?? null,
      last_id: models.at(-1)?.name ?? null,
    };
  },
  one,
};
