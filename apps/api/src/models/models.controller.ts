import { modelProtocolFor, type ModelList, type Protocol, type RequestHeaders } from '#libs/protocols';
import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import { ModelDirectory } from '../runs/model-directory.js';

/** The protocols in whose shapes models can be listed. */
export const MODEL_PROTOCOLS = Symbol('MODEL_PROTOCOLS');

/** The available models, in the list shape of the client's protocol. */
@Controller('v1/models')
export class ModelsController {
  constructor(
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(MODEL_PROTOCOLS) private readonly protocols: readonly Protocol[],
  ) {}

  @Get()
  async list(@Headers() headers: RequestHeaders, @Query() query: unknown): Promise<object> {
    return this.shapeFor(headers).list(await this.models.list(), query);
  }

  /**
   * The rest of the path is the name, because models are called `vendor/model` and some clients do not encode the
   * slash.
   */
  @Get('*')
  async get(@Param('*') name: string, @Headers() headers: RequestHeaders): Promise<object> {
    return this.shapeFor(headers).one(await this.models.get(name));
  }

  private shapeFor(headers: RequestHeaders): ModelList {
    const shape = modelProtocolFor(this.protocols, headers)?.models;
    if (shape) return shape;
    throw new Error('no protocol has a list of models');
  }
}
