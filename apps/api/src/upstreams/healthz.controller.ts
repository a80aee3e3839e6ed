import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { PoolStateObject } from './pool-state.js';

/** Gives how the upstreams are. */
export const POOL_STATE = Symbol('POOL_STATE');

/** For monitors of the Lingma gateway, which ask without a key. Always 200; `status` says it. */
@Public()
@Controller('healthz')
export class HealthzController {
  constructor(@Inject(POOL_STATE) private readonly state: () => Promise<PoolStateObject>) {}

  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How many upstreams are ready, for monitors of the Lingma gateway' })
  healthz(): Promise<PoolStateObject> {
    return this.state();
  }
}
