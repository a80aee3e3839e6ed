import type { JsonObject } from '#libs/contract';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { deliveryObject, pageOf, placeOf, webhookObject } from './webhook-object.js';
import { WebhookService } from './webhook-service.js';
import {
  CreateWebhookDto,
  DeliveryListQuery,
  PatchWebhookDto,
  PauseWebhookDto,
  RotateWebhookDto,
  WebhookListQuery,
} from './webhook.dto.js';

/** The webhooks of the request's key. Another key's webhook is answered like one that does not exist. */
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(@Inject(WebhookService) private readonly webhooks: WebhookService) {}

  @Get()
  async list(@Query(dto(WebhookListQuery)) { limit, after }: WebhookListQuery, @Owner() owner: string) {
    const from = after === undefined ? {} : { after: placeOf(after) };
    const rows = await this.webhooks.store.list({ owner, limit: limit + 1, ...from });
    return pageOf(rows, limit, webhookObject);
  }

  @Post()
  @HttpCode(201)
  async create(@Body(dto(CreateWebhookDto)) asked: CreateWebhookDto, @Owner() owner: string): Promise<JsonObject> {
    const made = await this.webhooks.create(owner, asked);
    return { ...webhookObject(made), secret: this.webhooks.secretOf(made) };
  }

  @Get(':id')
  async get(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return webhookObject(await this.webhooks.get({ owner, id }));
  }

  @Patch(':id')
  async update(
    @Param('id') id: string,
    @Body(dto(PatchWebhookDto)) asked: PatchWebhookDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    return webhookObject(await this.webhooks.patch({ owner, id }, asked));
  }

  @Delete(':id')
  async remove(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    await this.webhooks.remove({ owner, id });
    return { object: 'webhook.deleted', id, deleted: true };
  }

  @Post(':id/pause')
  @HttpCode(200)
  async pause(
    @Param('id') id: string,
    @Body(dto(PauseWebhookDto, { isOptional: true })) { reason = 'paused by its owner' }: PauseWebhookDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    return webhookObject(await this.webhooks.change({ owner, id }, { pause: reason }));
  }

  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return webhookObject(await this.webhooks.change({ owner, id }, { pause: null }));
  }

  @Post(':id/rotate')
  @HttpCode(200)
  async rotate(
    @Param('id') id: string,
    @Body(dto(RotateWebhookDto, { isOptional: true })) { overlap_seconds: overlap }: RotateWebhookDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const rotated = await this.webhooks.change({ owner, id }, { rotate: { overlapMs: overlap * 1_000 } });
    return { ...webhookObject(rotated), secret: this.webhooks.secretOf(rotated) };
  }

  @Post(':id/test')
  @HttpCode(200)
  test(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return this.webhooks.test({ owner, id });
  }

  @Get(':id/deliveries')
  async deliveries(
    @Param('id') id: string,
    @Query(dto(DeliveryListQuery)) { limit, after, status }: DeliveryListQuery,
    @Owner() owner: string,
  ) {
    await this.webhooks.get({ owner, id });
    const from = after === undefined ? {} : { after: placeOf(after) };
    const only = status === undefined ? {} : { status };
    const rows = await this.webhooks.store.deliveries({ owner, id, limit: limit + 1, ...from, ...only });
    return pageOf(rows, limit, deliveryObject);
  }
}
