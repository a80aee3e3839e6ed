import { assertContentKept, GatewayError, type PriceTable } from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { Runs } from '#libs/runs';
import type { TurnObject } from '#libs/wire';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { PRICES, turnObject } from '../runs/turn-object.js';
import { ManyRunEvents } from './many-run-events.js';

export const HISTORY = Symbol('HISTORY');

/** Runs for a page: many at once, and each with its input. */
@Controller('v1/runs')
export class FollowController {
  constructor(
    @Inject(ManyRunEvents) private readonly events: ManyRunEvents,
    @Inject(HISTORY) private readonly history: HistoryReader,
    @Inject(Runs) private readonly runs: Runs,
    @Inject(PRICES) private readonly prices: PriceTable,
  ) {}

  @Get('events')
  listen(@Incoming() request: IncomingRequest, @Res() reply: FastifyReply, @Query('run') run: unknown): Promise<void> {
    return this.events.handle(request, reply, run);
  }

  @Get(':id/turn')
  async turn(@Param('id') id: string, @Owner() owner: string): Promise<TurnObject> {
    // A run that was deleted is there for what continues it alone.
    await this.runs.find(id, owner);
    const turn = await this.history.turn(id);
    if (!turn) throw new GatewayError('run_not_found', 'There is no run with this id.', { param: 'id' });
    assertContentKept(turn.snapshot);
    return turnObject(turn, this.prices);
  }
}
