import type { PriceTable } from '#libs/contract';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { Page, TurnObject } from '#libs/wire';
import type { FastifyReply } from 'fastify';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { pageOfMessages } from './session-messages.js';
import { sessionObject, turnFacts } from './session-object.js';
import {
  ForkSessionDto,
  RenameSessionDto,
  SessionListQuery,
  SessionMessagesQuery,
  SessionTurnsQuery,
} from './session.dto.js';
import { PRICES, turnObject } from '../runs/turn-object.js';
import { SessionService, type ForkRequest } from './session-service.js';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';

/** The sessions of the request's key. Another key's session is answered like one that never existed. */
@Controller('api/sessions')
export class SessionsController {
  constructor(
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(CreateOnce) private readonly once: CreateOnce,
    @Inject(PRICES) private readonly prices: PriceTable,
  ) {}

  @Get()
  async list(@Query(dto(SessionListQuery)) query: SessionListQuery, @Owner() owner: string): Promise<unknown> {
    const { limit, after, q, derived } = query;
    const page = { limit, ...(after !== undefined && { after }), ...(q !== undefined && { search: q }) };
    const named = derived ? {} : { namedOnly: true };
    const { sessions, next } = await this.sessions.list({ owner, ...page, ...named });
    const data = sessions.map(sessionObject);
    // next_cursor: the reference's name.
    return { object: 'list', data, has_more: next !== undefined, next: next ?? null, next_cursor: next ?? null };
  }

  @Get(':id')
  async get(@Param('id') sessionId: string, @Owner() owner: string): Promise<unknown> {
    const { record, state } = await this.sessions.get({ owner, sessionId });
    return { ...sessionObject(record), ...turnFacts(state) };
  }

  @Get(':id/messages')
  async messages(
    @Param('id') sessionId: string,
    @Query(dto(SessionMessagesQuery)) { limit, after }: SessionMessagesQuery,
    @Owner() owner: string,
  ): Promise<unknown> {
    const turns = await this.sessions.turns({ owner, sessionId });
    const { messages, hasMore, turnsNotKept } = pageOfMessages(turns, limit, after);
    const last = messages.at(-1)?.['id'] ?? null;
    return {
      object: 'list',
      session_id: sessionId,
      data: messages,
      has_more: hasMore,
      next: hasMore ? last : null,
      next_cursor: hasMore ? last : null,
      ...(turnsNotKept > 0 && { content_kept: false, turns_not_kept: turnsNotKept }),
    };
  }

  @Get(':id/turns')
  async latestTurns(
    @Param('id') sessionId: string,
    @Query(dto(SessionTurnsQuery)) { limit, after: from }: SessionTurnsQuery,
    @Owner() owner: string,
  ): Promise<Page<TurnObject>> {
    const order = { limit, ...(from !== undefined && { from }) };
    const { turns, next } = await this.sessions.latestTurns({ owner, sessionId }, order);
    const data = turns.map((turn) => turnObject(turn, this.prices));
    return { object: 'list', data, has_more: next !== undefined, next: next ?? null };
  }

  @Patch(':id')
  async rename(
    @Param('id') sessionId: string,
    @Body(dto(RenameSessionDto)) { title }: RenameSessionDto,
    @Owner() owner: string,
  ): Promise<unknown> {
    return sessionObject(await this.sessions.rename({ owner, sessionId }, title.trim()));
  }

  @Delete(':id')
  async delete(@Param('id') sessionId: string, @Owner() owner: string): Promise<unknown> {
    await this.sessions.delete({ owner, sessionId });
    return { object: 'hermes.session.deleted', id: sessionId, deleted: true };
  }

  @Post(':id/fork')
  @HttpCode(201)
  async fork(
    @Param('id') sessionId: string,
    @Body(dto(ForkSessionDto, { isOptional: true })) asked: ForkSessionDto,
    @Incoming() request: IncomingRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { owner } = request;
    const route = `/api/sessions/${sessionId}/fork`;
    const fork = await this.once.answer({ ...request, route }, reply, (making) =>
      this.sessions.fork({ owner, sessionId }, forkOf(asked), making),
    );
    return sessionObject(fork);
  }
}

function forkOf({ run_id: runId, session_id: sessionId, title }: ForkSessionDto): ForkRequest {
  return {
    ...(runId !== undefined && { runId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(title !== undefined && { title: title.trim() }),
  };
}
