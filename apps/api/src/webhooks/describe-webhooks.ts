import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { body, errors, OBJECT, once, queries } from '../answering/describe.js';
import {
  CreateWebhookDto,
  DeliveryListQuery,
  PatchWebhookDto,
  PauseWebhookDto,
  RotateWebhookDto,
  WebhookListQuery,
} from './webhook.dto.js';
import { WebhooksController } from './webhooks.controller.js';

/** The document's description of /v1/webhooks. */
export function describeWebhooks(): void {
  const one = (summary: string, ...more: MethodDecorator[]): MethodDecorator[] => [
    ApiOperation({ summary }),
    ApiParam({ name: 'id', schema: { type: 'string', pattern: '^wh_[0-9a-f]{24}$' } }),
    ApiResponse({ status: 200, description: 'The webhook, or what came of it.', schema: OBJECT }),
    ...errors(400, 401, 404, 503),
    ...more,
  ];
  once(WebhooksController, ApiTags('Webhooks'), {
    list: [
      ApiOperation({ summary: 'The webhooks of this key, newest first' }),
      ...queries(WebhookListQuery),
      ApiResponse({ status: 200, description: 'A page of webhooks.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
    create: [
      ApiOperation({ summary: 'Register a webhook; `secret` is shown here and never again' }),
      body(CreateWebhookDto),
      ApiResponse({ status: 201, description: 'The webhook with its secret.', schema: OBJECT }),
      ...errors(400, 401, 409, 413, 415, 503),
    ],
    get: one('One webhook: whether it is paused, and why'),
    update: one('Change a webhook; what is not given stays', body(PatchWebhookDto)),
    remove: one('Delete a webhook and its deliveries'),
    pause: one('Tell it nothing until it is resumed', body(PauseWebhookDto, { required: false })),
    resume: one('Tell it again, from now on'),
    rotate: one(
      'A new secret, shown once; the former one signs too for a while',
      body(RotateWebhookDto, { required: false }),
    ),
    test: one('Send a test event now, once, and tell what came of it', ...errors(429)),
    deliveries: one('What was sent and what came of it, newest first', ...queries(DeliveryListQuery)),
  });
}
