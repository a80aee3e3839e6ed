import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { runObject, runSummary } from '#libs/protocols';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RunList } from '../runs/run-list.js';
import { RunService } from '../runs/run-service.js';
import { HEADERS } from '../words/header-names.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { RunEvents } from './run-events.js';
import { readRunListQuery } from './run-list-query.js';
import { StartRun } from './start-run.js';

/** Every run, whichever protocol made it. Another key's run is answered like one that never was. */
@Controller('v1/runs')
export class RunsController {
  constructor(
    @Inject(RunService) private readonly runs: RunService,
    @Inject(RunEvents) private readonly events: RunEvents,
    @Inject(StartRun) private readonly starter: StartRun,
    @Inject(RunList) private readonly runList: RunList,
  ) {}

  @Post()
  @HttpCode(202)
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.starter.handle(request, reply);
  }

  @Get()
  async list(@Query() query: Record<string, unknown>, @Owner() owner: string): Promise<object> {
    const { runs, next } = await this.runList.page(readRunListQuery(query, owner));
    return { object: 'list', data: runs.map(runSummary), has_more: next !== undefined, next: next ?? null };
  }

  @Get(':id')
  async get(@Param('id') id: string, @Owner() owner: string): Promise<unknown> {
    return runObject(await this.runs.get(id, owner));
  }

  @Get(':id/events')
  listen(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query() query: Record<string, unknown>,
  ): Promise<void> {
    const lastEventId = request.headers[HEADERS.lastEventId] ?? query['after_event_id'];
    return this.events.handle(request, reply, { afterSeq: query['after_seq'], lastEventId });
  }
}
