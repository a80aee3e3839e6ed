import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SessionsController } from './sessions.controller.js';
import { errors, IDEMPOTENCY_KEY, OBJECT, once } from '../answering/describe.js';

const text = { type: 'string' };
const page = [
  ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
  ApiQuery({ name: 'after', required: false, description: 'next_cursor of the page before', schema: text }),
];

/** What the document says about sessions. */
export function describeSessions(): void {
  once(SessionsController, ApiTags('sessions'), {
    list: [
      ApiOperation({ summary: 'Your sessions, the last changed first' }),
      ...page,
      ApiQuery({ name: 'q', required: false, description: 'part of the title', schema: text }),
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
      ...page,
      ApiOkResponse({ description: 'A page.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    rename: [
      ApiOperation({ summary: 'Give the session another title' }),
      ApiBody({ schema: { type: 'object', required: ['title'], properties: { title: text } } }),
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
      ApiBody({
        required: false,
        schema: { type: 'object', properties: { run_id: text, session_id: text, title: text } },
      }),
      ApiResponse({ status: 201, description: 'The new session.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 503),
    ],
  });
}
