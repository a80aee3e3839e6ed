import { GatewayError, type RunSnapshot } from '#libs/contract';
import { getRun, listRuns, type RunPage, type SqlDatabase } from '#libs/store';
import { Controller, Get, Inject, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { parseListQuery } from './list-query.js';
import { StoreErrorFilter } from './store-error.filter.js';
import { TOKEN, TokenGuard } from './token.guard.js';

export { TOKEN };
export const DATABASE = Symbol('DATABASE');

/**
 * The internal reads, for the API only: it decides who may see what. GET /internal/runs/:id gives a RunSnapshot, GET
 * /internal/runs?owner=&status=&limit=&after= a RunPage.
 */
@Controller('internal/runs')
@UseGuards(TokenGuard)
@UseFilters(StoreErrorFilter)
export class RunsController {
  constructor(@Inject(DATABASE) private readonly db: SqlDatabase) {}

  @Get()
  list(@Query() query: Record<string, unknown>): Promise<RunPage> {
    return listRuns(this.db, parseListQuery(query));
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<RunSnapshot> {
    const run = await getRun(this.db, id);
    if (!run) throw new GatewayError('run_not_found', 'No such run.');
    return run;
  }
}
