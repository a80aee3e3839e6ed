import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ConversationsController } from './conversations/conversations.controller.js';
import { ResponsesController } from './responses.controller.js';
import { body, errors, IDEMPOTENCY_KEY, OBJECT, once, queries } from '../answering/describe.js';
import { AddItemsDto, CreateConversationDto, UpdateConversationDto } from './conversations/conversation.dto.js';
import { ItemListQuery, ResponseQuery } from './response.queries.js';

/** The routes of responses and conversations. Creating a response is described together with the other protocols. */
export function describeResponses(): void {
  const like = 'The body is like that of POST /v1/responses; without input it is about what it continues.';
  once(ResponsesController, ApiTags('Responses'), {
    get: [
      ApiOperation({ summary: 'A response; with ?stream=true its events, from the start or after a sequence number' }),
      ...queries(ResponseQuery),
      ApiOkResponse({ description: 'The response, or the stream of its events.', schema: OBJECT }),
      ...errors(400, 401, 404, 429, 503),
    ],
    delete: [
      ApiOperation({ summary: 'Delete a response; what continues it goes on' }),
      ApiOkResponse({ description: 'It is gone.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
    cancel: [
      ApiOperation({ summary: 'End a background response; repeating it changes nothing' }),
      ApiOkResponse({ description: 'The response.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    inputItems: [
      ApiOperation({ summary: 'The input items of a response' }),
      ...queries(ItemListQuery),
      ApiOkResponse({ description: 'A page of items.', schema: OBJECT }),
      ...errors(400, 401, 404, 503),
    ],
    countTokens: [
      ApiOperation({ summary: 'Count the tokens of a request without making it', description: like }),
      ApiBody({ schema: OBJECT }),
      ApiOkResponse({ description: 'The number.', schema: OBJECT }),
      ...errors(400, 401, 404, 429, 503),
    ],
    compact: [
      ApiOperation({ summary: 'Make a short form of a conversation, to be sent as input', description: like }),
      ApiBody({ schema: OBJECT }),
      ApiOkResponse({ description: 'Its items.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 429, 500, 502, 503, 504),
    ],
  });
  describeConversations();
}

function describeConversations(): void {
  const ok = (description: string): MethodDecorator => ApiOkResponse({ description, schema: OBJECT });
  once(ConversationsController, ApiTags('Conversations'), {
    create: [
      ApiOperation({ summary: 'Create a conversation' }),
      ApiHeader(IDEMPOTENCY_KEY),
      body(CreateConversationDto, { required: false }),
      ok('It.'),
      ...errors(400, 401, 409, 503),
    ],
    get: [ApiOperation({ summary: 'A conversation, without its items' }), ok('It.'), ...errors(401, 404, 503)],
    update: [
      ApiOperation({ summary: 'Replace its metadata' }),
      body(UpdateConversationDto),
      ok('It.'),
      ...errors(400, 401, 404, 503),
    ],
    delete: [
      ApiOperation({ summary: 'Delete a conversation; its responses stay' }),
      ok('It is gone.'),
      ...errors(401, 404, 503),
    ],
    addItems: [
      ApiOperation({ summary: 'Add up to 20 items' }),
      ApiHeader(IDEMPOTENCY_KEY),
      body(AddItemsDto),
      ok('Them.'),
      ...errors(400, 401, 404, 409, 503),
    ],
    listItems: [
      ApiOperation({ summary: 'The items of a conversation' }),
      ...queries(ItemListQuery),
      ok('A page of items.'),
      ...errors(400, 401, 404, 503),
    ],
    item: [ApiOperation({ summary: 'One item of a conversation' }), ok('It.'), ...errors(401, 404, 503)],
    deleteItem: [ApiOperation({ summary: 'Delete an item' }), ok('The conversation.'), ...errors(401, 404, 503)],
  });
}
