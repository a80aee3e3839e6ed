import type { Config } from '#libs/config';
import { createEventPost } from '#libs/delivery';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ApiPorts } from '../core/api-ports.js';
import { WebhookService } from './webhook-service.js';
import { WebhooksController } from './webhooks.controller.js';

/** /v1/webhooks. */
@Module({})
export class WebhooksModule {
  static for({ webhooks }: Pick<ApiPorts, 'webhooks'>, config: Config['jobs']): DynamicModule {
    const service = new WebhookService({ webhooks, post: createEventPost(config) });
    return {
      module: WebhooksModule,
      controllers: [WebhooksController],
      providers: [{ provide: WebhookService, useValue: service }],
    };
  }
}
