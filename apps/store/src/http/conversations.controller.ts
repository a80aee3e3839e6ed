import { GatewayError, isJsonObject, LIMITS, type JsonObject, type JsonValue } from '#libs/contract';
import type { Conversation, ConversationItem, ConversationKey, ItemPage, ItemQuery } from '#libs/store';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ConversationDesk } from '../conversation-desk.js';
import { StoreErrorFilter } from './store-error.filter.js';
import { TokenGuard } from './token.guard.js';

type Params = Readonly<Record<string, unknown>>;

/**
 * The internal routes of conversations, for the API only. Every one takes `?owner=`, and answers 404 for another
 * owner's. `?settle=<run id>` on reads of items: add first what that ended run owes to the conversation.
 */
@Controller('internal/conversations/:id')
@UseGuards(TokenGuard)
@UseFilters(StoreErrorFilter)
export class ConversationsController {
  constructor(@Inject(ConversationDesk) private readonly desk: ConversationDesk) {}

  @Put()
  async ensure(@Param('id') id: string, @Query() query: Params, @Body() body: JsonValue): Promise<Conversation> {
    const { metadata, createdAt } = objectOf(body);
    const conversation = { ...keyOf(id, query), metadata: objectOf(metadata), createdAt: Number(createdAt) };
    return found(await this.desk.ensure(conversation, itemsOf(body)));
  }

  @Get()
  async get(@Param('id') id: string, @Query() query: Params): Promise<Conversation> {
    return found(await this.desk.get(keyOf(id, query)));
  }

  @Patch()
  async update(@Param('id') id: string, @Query() query: Params, @Body() body: JsonValue): Promise<Conversation> {
    return found(await this.desk.update(keyOf(id, query), objectOf(objectOf(body)['metadata'])));
  }

  @Delete()
  async delete(@Param('id') id: string, @Query() query: Params): Promise<{ readonly deleted: true }> {
    return deleted(await this.desk.delete(keyOf(id, query)));
  }

  @Post('items')
  @HttpCode(200)
  async add(
    @Param('id') id: string,
    @Query() query: Params,
    @Body() body: JsonValue,
  ): Promise<{ readonly added: true }> {
    await this.settle(id, query);
    if (!(await this.desk.add(keyOf(id, query), itemsOf(body)))) throw nothing();
    return { added: true };
  }

  @Get('items')
  async list(@Param('id') id: string, @Query() query: Params): Promise<ItemPage> {
    await this.settle(id, query);
    return found(await this.desk.list(keyOf(id, query), itemQueryOf(query)));
  }

  /** Every item, oldest first: what a response in this conversation is told. */
  @Get('context')
  async context(@Param('id') id: string, @Query() query: Params): Promise<readonly JsonObject[]> {
    await this.settle(id, query);
    return found(await this.desk.all(keyOf(id, query)));
  }

  @Get('items/:item')
  async item(@Param('id') id: string, @Param('item') item: string, @Query() query: Params): Promise<JsonObject> {
    await this.settle(id, query);
    return found(await this.desk.item(keyOf(id, query), item));
  }

  @Delete('items/:item')
  async deleteItem(
    @Param('id') id: string,
    @Param('item') item: string,
    @Query() query: Params,
  ): Promise<{ readonly deleted: true }> {
    await this.settle(id, query);
    return deleted(await this.desk.deleteItem(keyOf(id, query), item));
  }

  private async settle(id: string, query: Params): Promise<void> {
    const { settle } = query;
    if (typeof settle === 'string') await this.desk.settle(keyOf(id, query), settle);
  }
}

function keyOf(id: string, { owner }: Params): ConversationKey {
  if (typeof owner === 'string') return { id, owner };
  throw new GatewayError('invalid_request', 'owner is required.', { param: 'owner' });
}

function itemQueryOf({ order, limit, after }: Params): ItemQuery {
  const rows = Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > LIMITS.conversationItemsMax) {
    throw new GatewayError('invalid_request', 'limit is out of range.', { param: 'limit' });
  }
  return {
    order: order === 'asc' ? 'asc' : 'desc',
    limit: rows,
    ...(typeof after === 'string' && { after }),
  };
}

function itemsOf(body: JsonValue): ConversationItem[] {
  const { items } = objectOf(body);
  if (!Array.isArray(items)) return [];
  return items.map((value: JsonValue) => {
    const item = objectOf(value);
    return { id: String(item['id']), item };
  });
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

function found<T>(value: T | undefined): T {
  if (value === undefined) throw nothing();
  return value;
}

function deleted(wasThere: boolean): { readonly deleted: true } {
  if (!wasThere) throw nothing();
  return { deleted: true };
}

const nothing = (): GatewayError => new GatewayError('not_found', 'There is no such thing here.');
