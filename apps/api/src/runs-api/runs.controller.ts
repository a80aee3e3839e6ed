import { Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { Page, RunObject, RunSummary } from '#libs/wire';
import type { FastifyReply } from 'fastify';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { RunListOrder } from '../runs/run-list.js';
import { HEADERS } from '../words/header-names.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { RunEvents } from './run-events.js';
import { RunObjects } from '../runs/run-objects.js';
import { RunEventsQuery, RunListQuery } from './run.queries.js';
import { StartRun } from './start-run.js';

/** All runs, whichever protocol created them. Another key's run is answered like one that never existed. */
@Controller('v1/runs')
export class RunsController {
  constructor(
    @Inject(RunObjects) private readonly objects: RunObjects,
    @Inject(RunEvents) private readonly events: RunEvents,
    @Inject(StartRun) private readonly starter: StartRun,
  ) {}

  @Post()
  @HttpCode(202)
  create(@Incoming() request: IncomingRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.starter.handle(request, reply);
  }

  @Get()
  list(@Query(dto(RunListQuery)) query: RunListQuery, @Owner() owner: string): Promise<Page<RunSummary>> {
    return this.objects.page(listOrder(query, owner));
  }

  @Get(':id')
  get(@Param('id') id: string, @Owner() owner: string): Promise<RunObject> {
    return this.objects.get(id, owner);
  }

  @Get(':id/events')
  listen(
    @Param('id') runId: string,
    @Incoming() request: IncomingRequest,
    @Res() reply: FastifyReply,
    @Query(dto(RunEventsQuery)) query: RunEventsQuery,
  ): Promise<void> {
    const lastEventId = request.headers[HEADERS.lastEventId] ?? query.after_event_id;
    return this.events.handle(request, reply, { runId, afterSeq: query.after_seq, lastEventId });
  }
}

function listOrder(query: RunListQuery, owner: string): RunListOrder {
  const { limit, status, after } = query;
  const sessionId = query.session_id ?? query.session;
  const jobId = query.job_id ?? query.job;
  return {
    owner,
    limit,
    ...(status && { status }),
    ...(sessionId !== undefined && { sessionId }),
    ...(jobId !== undefined && { jobId }),
    ...(after !== undefined && { after }),
  };
}
