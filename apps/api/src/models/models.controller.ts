import { Controller, Get, Headers, Inject, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ModelDirectory, type ListedModel } from '../runs/model-directory.js';

/** Nobody tells us when a model was made, and both shapes ask for a time: the same one on every replica. */
const CREATED_SECONDS = 1_700_000_000;

/** The models that can be asked for: OpenAI's shape, or Anthropic's for clients that send `anthropic-version`. */
@Controller('v1/models')
export class ModelsController {
  constructor(@Inject(ModelDirectory) private readonly models: ModelDirectory) {}

  @Get()
  async list(@Headers('anthropic-version') anthropicVersion?: string): Promise<object> {
    const models = await this.models.list();
    if (anthropicVersion === undefined) return { object: 'list', data: models.map(openaiModel) };
    const names = models.map(({ name }) => name);
    const page = { has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
    return { data: models.map(anthropicModel), ...page };
  }

  /** The rest of the path is the name: models are called `vendor/model`, and clients encode the slash or do not. */
  @Get('*')
  async get(@Req() request: FastifyRequest, @Headers('anthropic-version') anthropicVersion?: string): Promise<object> {
    const { '*': name } = request.params as { '*': string };
    const model = await this.models.get(name);
    return anthropicVersion === undefined ? openaiModel(model) : anthropicModel(model);
  }
}

const openaiModel = ({ name, ownedBy }: ListedModel): object => ({
  id: name,
  object: 'model',
  created: CREATED_SECONDS,
  owned_by: ownedBy,
});

const anthropicModel = ({ name }: ListedModel): object => ({
  type: 'model',
  id: name,
  display_name: name,
  created_at: new Date(CREATED_SECONDS * 1_000).toISOString(),
});
