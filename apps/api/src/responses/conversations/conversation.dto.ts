import type { JsonObject } from '#libs/contract';
import { HasElementsUpTo, IsList, IsObject, KeepsNull, METADATA, Required } from '#libs/protocols';

/** Most items per request, as published. */
const ITEMS_AT_A_TIME_MAX = 20;

/** The body of POST /v1/conversations; it may be empty. `ConversationService` checks its contents. */
export class CreateConversationDto {
  @IsObject(METADATA)
  metadata?: JsonObject;

  @IsList({ type: 'object' })
  @HasElementsUpTo(ITEMS_AT_A_TIME_MAX)
  items?: readonly unknown[];
}

/** The body of POST /v1/conversations/{id}. */
export class UpdateConversationDto {
  /** null removes all of it. */
  @KeepsNull()
  @IsObject(METADATA)
  metadata?: JsonObject | null;
}

/** The body of POST /v1/conversations/{id}/items. */
export class AddItemsDto {
  @Required('invalid_request', 'must be an array.')
  @IsList({ type: 'object' })
  @HasElementsUpTo(ITEMS_AT_A_TIME_MAX)
  items: readonly unknown[];
}
