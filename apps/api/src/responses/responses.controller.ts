import type { JsonObject } from '#libs/contract';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { CompactResponse } from './compact-response.js';
import { InputTokens } from './input-tokens.js';
import { ResponseDesk } from './response-desk.js';
import { ResponseEvents } from './response-events.js';
import { ItemListQuery, ResponseQuery } from './response.queries.js';

/** The routes of an existing response. Creating one is the protocol's own POST. */
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
  countTokens(@Incoming() request: IncomingRequest): Promise<JsonObject> {
    return this.tokens.count(request);
  }

  @Post('compact')
  @HttpCode(200)
  compact(@Incoming() request: IncomingRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.compaction.handle(request, reply);
  }

  @Get(':id')
  async get(
    @Param('id') id: string,
    @Query(dto(ResponseQuery)) query: ResponseQuery,
    @Incoming() request: IncomingRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (query.stream === true) {
      return this.events.handle(request, reply, { id, startingAfter: query.starting_after });
    }
    void reply.send(await this.desk.get(id, request.owner));
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
  inputItems(
    @Param('id') id: string,
    @Owner() owner: string,
    @Query(dto(ItemListQuery)) query: ItemListQuery,
  ): Promise<JsonObject> {
    return this.desk.inputItems(id, owner, query);
  }
}
