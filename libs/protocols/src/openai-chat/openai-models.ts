import { MODEL_CREATED_SECONDS, type ListedModel, type ModelList } from '../protocol/model-list.js';

const one = ({ name, ownedBy, contextTokens }: ListedModel) => ({
  id: name,
  object: 'model',
  created: MODEL_CREATED_SECONDS,
  owned_by: ownedBy,
  ...(contextTokens !== undefined && { context_length: contextTokens }),
});

/** The models in OpenAI's shape, which every client takes that does not ask for another. */
export const openaiModels: ModelList = { list: (models) => ({ object: 'list', data: models.map(one) }), one };
