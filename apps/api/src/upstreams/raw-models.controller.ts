import type { WorkerRegistry } from '#libs/contract';
import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation } from '@nestjs/swagger';

/** Who the workers are. */
export const REGISTRY = Symbol('REGISTRY');

/** For whoever has the admin token: the models as each worker has them, without aliases and without being merged. */
@Public()
@Controller('internal/models')
export class RawModelsController {
  constructor(@Inject(REGISTRY) private readonly registry: Pick<WorkerRegistry, 'list'>) {}

  /** Throws GatewayError `queue_unavailable`. */
  @Get('raw')
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The models of each worker, by upstream, as the workers tell them' })
  async raw(): Promise<object> {
    const workers = await this.registry.list();
    return {
      object: 'list',
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
