import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { runObject } from '#libs/protocols';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RunService } from '../runs/run-service.js';
import { Owner } from './owner.decorator.js';
import { RunEvents } from './run-events.js';

/** Every run, whichever protocol made it. Another key's run is answered like one that never was. */
@Controller('v1/runs')
export class RunsController {
  constructor(
    @Inject(RunService) private readonly runs: RunService,
    @Inject(RunEvents) private readonly events: RunEvents,
  ) {}

  @Get(':id')
  async get(@Param('id') id: string, @Owner() owner: string): Promise<unknown> {
    return runObject(await this.runs.get(id, owner));
  }

  @Get(':id/events')
  listen(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query('after_seq') afterSeq: unknown,
    @Headers('last-event-id') lastEventId: unknown,
  ): Promise<void> {
    return this.events.handle(request, reply, { afterSeq, lastEventId });
  }

  @Post(':id/stop')
  @HttpCode(200)
  async stop(@Param('id') id: string, @Owner() owner: string): Promise<{ run_id: string; status: string }> {
    return { run_id: id, status: await this.runs.stop(id, owner) };
  }
}
