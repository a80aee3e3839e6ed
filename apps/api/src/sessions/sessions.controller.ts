import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CreateOnce } from '../runs/admitting/create-once.js';
import { pageOfMessages } from './session-messages.js';
import { sessionObject, turnFacts } from './session-object.js';
import { forkOf, pageOf, titleOf } from './session-requests.js';
import { SessionService } from './session-service.js';
import { Owner } from '../edge/auth/owner.decorator.js';

/** The sessions of the key that asks. Another key's session is answered like one that never was. */
@Controller('api/sessions')
export class SessionsController {
  constructor(
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(CreateOnce) private readonly once: CreateOnce,
  ) {}

  @Get()
  async list(@Query() query: Record<string, unknown>, @Owner() owner: string): Promise<unknown> {
    const { sessions, next } = await this.sessions.list({ owner, ...pageOf(query) });
    const data = sessions.map(sessionObject);
    return { object: 'list', data, has_more: next !== undefined, next_cursor: next ?? null };
  }

  @Get(':id')
  async get(@Param('id') sessionId: string, @Owner() owner: string): Promise<unknown> {
    const { record, state } = await this.sessions.get({ owner, sessionId });
    return { ...sessionObject(record), ...turnFacts(state) };
  }

  @Get(':id/messages')
  async messages(
    @Param('id') sessionId: string,
    @Query() query: Record<string, unknown>,
    @Owner() owner: string,
  ): Promise<unknown> {
    const { limit, after } = pageOf(query);
    const { messages, hasMore } = pageOfMessages(await this.sessions.turns({ owner, sessionId }), limit, after);
    const last = messages.at(-1)?.['id'] ?? null;
    return {
      object: 'list',
      session_id: sessionId,
      data: messages,
      has_more: hasMore,
      next_cursor: hasMore ? last : null,
    };
  }

  @Patch(':id')
  async rename(@Param('id') sessionId: string, @Body() body: unknown, @Owner() owner: string): Promise<unknown> {
    return sessionObject(await this.sessions.rename({ owner, sessionId }, titleOf(body)));
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
    @Owner() owner: string,
    @Req() { headers, body }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const request = { owner, route: `/api/sessions/${sessionId}/fork`, headers, body };
    const fork = await this.once.answer(request, reply, (making) =>
      this.sessions.fork({ owner, sessionId }, forkOf(body), making),
    );
    return sessionObject(fork);
  }
}
