import type { JsonObject } from '#libs/contract';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CreateOnce } from '../../runs/admitting/create-once.js';
import { Incoming, type IncomingRequest } from '../../edge/auth/incoming.decorator.js';
import { Owner } from '../../edge/auth/owner.decorator.js';
import { dto } from '../../edge/dto.pipe.js';
import { itemList } from '../item-page.js';
import { ItemListQuery } from '../response.queries.js';
import { AddItemsDto, CreateConversationDto, UpdateConversationDto } from './conversation.dto.js';
import { ConversationService } from './conversation-service.js';

/** /v1/conversations as published. Another key's conversation is answered like one that never existed. */
@Controller('v1/conversations')
export class ConversationsController {
  constructor(
    @Inject(ConversationService) private readonly service: ConversationService,
    @Inject(CreateOnce) private readonly once: CreateOnce,
  ) {}

  @Post()
  @HttpCode(200)
  create(
    @Body(dto(CreateConversationDto, { isOptional: true })) asked: CreateConversationDto,
    @Incoming() request: IncomingRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const creating = { ...request, route: '/v1/conversations' };
    return this.once.answer(creating, reply, (making) => this.service.create(request.owner, asked, making));
  }

  @Get(':id')
  get(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return this.service.get({ id, owner });
  }

  @Post(':id')
  @HttpCode(200)
  update(
    @Param('id') id: string,
    @Body(dto(UpdateConversationDto)) asked: UpdateConversationDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    return this.service.update({ id, owner }, asked);
  }

  @Delete(':id')
  delete(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return this.service.delete({ id, owner });
  }

  @Post(':id/items')
  @HttpCode(200)
  addItems(
    @Param('id') id: string,
    @Body(dto(AddItemsDto)) { items }: AddItemsDto,
    @Incoming() request: IncomingRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const { owner } = request;
    const creating = { ...request, route: `/v1/conversations/${id}/items` };
    return this.once.answer(creating, reply, (making) => this.service.addItems({ id, owner }, items, making));
  }

  @Get(':id/items')
  async listItems(
    @Param('id') id: string,
    @Owner() owner: string,
    @Query(dto(ItemListQuery)) query: ItemListQuery,
  ): Promise<JsonObject> {
    return itemList(await this.service.listItems({ id, owner }, query));
  }

  @Get(':id/items/:item')
  item(@Param('id') id: string, @Param('item') item: string, @Owner() owner: string): Promise<JsonObject> {
    return this.service.item({ id, owner }, item);
  }

  @Delete(':id/items/:item')
  deleteItem(@Param('id') id: string, @Param('item') item: string, @Owner() owner: string): Promise<JsonObject> {
    return this.service.deleteItem({ id, owner }, item);
  }
}
