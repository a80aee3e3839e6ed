import { GatewayError, type WorkerRegistry } from '#libs/contract';
import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation } from '@nestjs/swagger';
import { rawModelsFields } from './lingma-shapes.js';
import { UpstreamDesk } from './upstream-desk.js';

/** Who the workers are. */
export const REGISTRY = Symbol('REGISTRY');

/** For whoever has the admin token: the models as each worker has them, without aliases and without being merged. */
@Public()
@Controller('internal/models')
export class RawModelsController {
  constructor(
    @Inject(REGISTRY) private readonly registry: Pick<WorkerRegistry, 'list'>,
    @Inject(UpstreamDesk) private readonly desk: Pick<UpstreamDesk, 'settings'>,
  ) {}

  /** Throws GatewayError `queue_unavailable`, and `not_found` for an instance that is no upstream. */
  @Get('raw')
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The models of each worker, by upstream, as the workers tell them' })
  async raw(@Query('instance') instance?: unknown): Promise<object> {
    const names = this.desk.settings.upstreams.map(({ name }) => name);
    const chosen = instance === undefined ? names[0] : names.find((name) => name === instance);
    if (chosen === undefined) {
      throw new GatewayError('not_found', `No upstream is named ${JSON.stringify(instance)}.`, { param: 'instance' });
    }
    const workers = await this.registry.list();
    return {
      object: 'list',
      ...rawModelsFields(
        workers.map(({ info }) => info),
        chosen,
      ),
      data: workers.map(({ info, silentMs }) => ({
        worker: info.id,
        silent_seconds: Math.round(silentMs / 100) / 10,
        unknown_models: info.unknownModels,
        models: info.models.map(({ name, upstream, contextTokens, outputTokens }) => ({
          id: name,
          upstream,
          context_tokens: contextTokens ?? null,
          output_tokens: outputTokens ?? null,
        })),
      })),
    };
  }
}
