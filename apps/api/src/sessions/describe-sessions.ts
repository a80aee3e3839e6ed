import { ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SessionsController } from './sessions.controller.js';
import { body, errors, IDEMPOTENCY_KEY, OBJECT, once, queries } from '../answering/describe.js';
import {
  ForkSessionDto,
  RenameSessionDto,
  SessionListQuery,
  SessionMessagesQuery,
  SessionTurnsQuery,
} from './session.dto.js';

/** The document's description of sessions. */
export function describeSessions(): void {
  once(SessionsController, ApiTags('Sessions'), {
    list: [
      ApiOperation({ summary: 'Your sessions, the last changed first' }),
      ...queries(SessionListQuery),
      ApiOkResponse({ description: 'A page.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
    get: [
      ApiOperation({ summary: 'One session: title, totals of tokens and cost, whether a turn goes on' }),
      ApiOkResponse({ description: 'The session.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
    messages: [
      ApiOperation({ summary: 'What was said, oldest first, with what came before a fork' }),
      ...queries(SessionMessagesQuery),
      ApiOkResponse({
        description: 'A page; `turns_not_kept` says of how many turns nothing that was said was kept.',
        schema: OBJECT,
      }),
      ...errors(400, 401, 404, 503),
    ],
    latestTurns: [
      ApiOperation({ summary: 'The turns with all that came of them, newest first, with what came before a fork' }),
      ...queries(SessionTurnsQuery),
      ApiOkResponse({ description: 'A page; `next` is the `after` of the following one.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    rename: [
      ApiOperation({ summary: 'Give the session another title' }),
      body(RenameSessionDto),
      ApiOkResponse({ description: 'The session.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    delete: [
      ApiOperation({ summary: 'Delete the session and its runs, except those that a fork goes on from' }),
      ApiOkResponse({ description: 'It is gone.', schema: OBJECT }),
      ...errors(401, 404, 409, 503),
    ],
    fork: [
      ApiOperation({ summary: 'A new session that goes on from one of the runs, the last one by default' }),
      ApiHeader(IDEMPOTENCY_KEY),
      body(ForkSessionDto, { required: false }),
      ApiResponse({ status: 201, description: 'The new session.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 503),
    ],
  });
}
