import type { JobStore } from '#libs/contract';
import { Body, Controller, HttpCode, Inject, Param, Post, UseFilters, UseGuards } from '@nestjs/common';
import { callJobStore } from './job-calls.js';
import { StoreErrorFilter } from './store-error.filter.js';
import { TokenGuard } from './token.guard.js';

export const JOB_STORE = Symbol('JOB_STORE');

/** The JobStore port for API and scheduler: POST /internal/jobs/<method> with its argument gives `{"result": ...}`. */
@Controller('internal/jobs')
@UseGuards(TokenGuard)
@UseFilters(StoreErrorFilter)
export class JobsController {
  constructor(@Inject(JOB_STORE) private readonly jobs: JobStore) {}

  @Post(':method')
  @HttpCode(200)
  async call(@Param('method') method: string, @Body() query: unknown): Promise<{ result: unknown }> {
    return { result: (await callJobStore(this.jobs, method, query)) ?? null };
  }
}
