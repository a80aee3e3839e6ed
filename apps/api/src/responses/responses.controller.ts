import { parseStartingAfter } from '#libs/protocols';
import { GatewayError, type JsonObject } from '#libs/contract';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Owner } from '../edge/auth/owner.decorator.js';
import { CompactResponse } from './compact-response.js';
import { InputTokens } from './input-tokens.js';
import { parseItemQuery } from './item-page.js';
import { ResponseDesk } from './response-desk.js';
import { ResponseEvents } from './response-events.js';

type QueryFields = Readonly<Record<string, unknown>>;

/** What there is to a response besides making one: that is the protocol's own POST. */
@Controller(['v1/responses', 'responses'])
export class ResponsesController {
  constructor(
    @Inject(ResponseDesk) private readonly desk: ResponseDesk,
    @Inject(ResponseEvents) private readonly events: ResponseEvents,
    @Inject(InputTokens) private readonly tokens: InputTokens,
    @Inject(CompactResponse) private readonly compaction: CompactResponse,
  ) {}

  @Post('input_tokens')
  @HttpCode(200)
  countTokens(@Req() request: FastifyRequest): Promise<JsonObject> {
    return this.tokens.count(request);
  }

  @Post('compact')
  @HttpCode(200)
  compact(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.compaction.handle(request, reply);
  }

  @Get(':id')
  async get(
    @Param('id') id: string,
    @Owner() owner: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = request.query as QueryFields;
    if (query['stream'] === 'true') {
      const startingAfter = startingAfterOf(query['starting_after']);
      return this.events.handle(request, reply, { id, owner, startingAfter });
    }
    void reply.send(await this.desk.get(id, owner));
  }

  @Delete(':id')
  delete(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return this.desk.delete(id, owner);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  cancel(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return this.desk.cancel(id, owner);
  }

  @Get(':id/input_items')
  inputItems(@Param('id') id: string, @Owner() owner: string, @Query() query: QueryFields): Promise<JsonObject> {
    return this.desk.inputItems(id, owner, parseItemQuery(query));
  }
}

function startingAfterOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return parseStartingAfter(value);
  throw new GatewayError('invalid_cursor', 'starting_after is given once.', { param: 'starting_after' });
}
