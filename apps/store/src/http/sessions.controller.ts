import { GatewayError, isJsonObject, type JsonValue, type SessionPage, type SessionRecord } from '#libs/contract';
import {
  deleteSession,
  forkSession,
  getSession,
  listSessions,
  renameSession,
  type SessionKey,
  type SqlDatabase,
} from '#libs/store';
import { Body, Controller, Delete, Get, Inject, Patch, Put, Query, UseFilters, UseGuards } from '@nestjs/common';
import { DATABASE } from './runs.controller.js';
import { parseSessionQuery } from './session-query.js';
import { StoreErrorFilter } from './store-error.filter.js';
import { TokenGuard } from './token.guard.js';

/**
 * Sessions, for the API only: it decides who may do what, and checks what clients send. GET
 * /internal/sessions?owner=&search= &limit=&after= gives a SessionPage; on /internal/session?owner=&id= GET gives a
 * SessionRecord, PATCH {title} renames, PUT {title, from} forks, DELETE (with &up_to=) deletes and gives {runIds}.
 */
@Controller('internal')
@UseGuards(TokenGuard)
@UseFilters(StoreErrorFilter)
export class SessionsController {
  constructor(@Inject(DATABASE) private readonly db: SqlDatabase) {}

  @Get('sessions')
  list(@Query() query: Record<string, unknown>): Promise<SessionPage> {
    return listSessions(this.db, parseSessionQuery(query));
  }

  @Get('session')
  async get(@Query() query: Record<string, unknown>): Promise<SessionRecord> {
    return known(await getSession(this.db, keyOf(query)));
  }

  @Patch('session')
  async rename(@Query() query: Record<string, unknown>, @Body() body: JsonValue): Promise<SessionRecord> {
    const title = isJsonObject(body) ? body['title'] : undefined;
    if (typeof title !== 'string') throw invalid('title');
    return known(await renameSession(this.db, keyOf(query), title));
  }

  @Put('session')
  fork(@Query() query: Record<string, unknown>, @Body() body: JsonValue): Promise<SessionRecord> {
    if (!isJsonObject(body)) throw invalid('body');
    const { title = null, from } = body;
    if (title !== null && typeof title !== 'string') throw invalid('title');
    return forkSession(this.db, { ...keyOf(query), title, from: originOf(from), at: Date.now() });
  }

  @Delete('session')
  async delete(@Query() query: Record<string, unknown>): Promise<{ runIds: readonly string[] }> {
    const upTo = query['up_to'];
    const time = typeof upTo === 'string' && /^\d{1,15}$/.test(upTo) ? Number(upTo) : undefined;
    if (time === undefined) throw invalid('up_to');
    return { runIds: await deleteSession(this.db, keyOf(query), { upTo: time, now: Date.now() }) };
  }
}

/** In the query, because an id may be longer than the router lets a part of a path be. */
function keyOf({ owner, id }: Record<string, unknown>): SessionKey {
  if (typeof owner === 'string' && typeof id === 'string') return { owner, sessionId: id };
  throw invalid(typeof owner === 'string' ? 'id' : 'owner');
}

function originOf(from: JsonValue | undefined): { sessionId: string; runId: string; runCreatedAt: number } {
  if (from === undefined || !isJsonObject(from)) throw invalid('from');
  const { sessionId, runId, runCreatedAt } = from;
  if (typeof sessionId !== 'string' || typeof runId !== 'string' || typeof runCreatedAt !== 'number') {
    throw invalid('from');
  }
  return { sessionId, runId, runCreatedAt };
}

function known(record: SessionRecord | undefined): SessionRecord {
  if (record) return record;
  throw new GatewayError('session_not_found', 'No such session.');
}

const invalid = (param: string): GatewayError =>
  new GatewayError('invalid_request', `${param} is missing or malformed.`, { param });
