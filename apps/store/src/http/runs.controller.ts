import { GatewayError, LIMITS, type RunSnapshot, type Turn } from '#libs/contract';
import { getRun, getTurns, listRuns, markRunDeleted, type RunPage, type SqlDatabase } from '#libs/store';
import { Controller, Delete, Get, HttpCode, Inject, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { parseListQuery } from './list-query.js';
import { StoreErrorFilter } from './store-error.filter.js';
import { TOKEN, TokenGuard } from './token.guard.js';

export { TOKEN };
export const DATABASE = Symbol('DATABASE');

/**
 * The internal routes of runs, for the API only: it decides who may see what. GET /internal/runs/:id gives a
 * RunSnapshot, GET /internal/runs?owner=&status=&session=&job=&limit=&after= a RunPage, GET
 * /internal/runs/:id/turns?limit= the conversation that ends with the run, oldest turn first: Turn[], empty when the
 * run is not here. DELETE /internal/runs/:id hides the run from all but the last of these, also when its row is yet to
 * come.
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

  @Delete(':id')
  @HttpCode(204)
  delete(@Param('id') id: string): Promise<void> {
    return markRunDeleted(this.db, id, Date.now());
  }

  @Get(':id/turns')
  turns(@Param('id') id: string, @Query('limit') limit: unknown): Promise<readonly Turn[]> {
    const turns = typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? Number(limit) : LIMITS.historyTurnsMax;
    return getTurns(this.db, id, Math.min(Math.max(turns, 1), LIMITS.historyTurnsMax));
  }
}
