import { assertContentKept, GatewayError } from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import type { TurnObject } from '#libs/wire';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { turnObject } from '../runs/turn-object.js';
import { ManyRunEvents } from './many-run-events.js';

export const HISTORY = Symbol('HISTORY');

/** Runs for a page: many at once, and each with its input. */
@Controller('v1/runs')
export class FollowController {
  constructor(
    @Inject(ManyRunEvents) private readonly events: ManyRunEvents,
    @Inject(HISTORY) private readonly history: HistoryReader,
  ) {}

  @Get('events')
  listen(@Incoming() request: IncomingRequest, @Res() reply: FastifyReply, @Query('run') run: unknown): Promise<void> {
    return this.events.handle(request, reply, run);
  }

  @Get(':id/turn')
  async turn(@Param('id') id: string, @Owner() owner: string): Promise<TurnObject> {
    const turn = /^run_[0-9a-f]{32}$/.test(id) ? await this.history.turn(id) : undefined;
    if (turn?.owner !== owner) throw new GatewayError('run_not_found', 'There is no run with this id.');
    assertContentKept(turn.snapshot);
    return turnObject(turn);
  }
}
