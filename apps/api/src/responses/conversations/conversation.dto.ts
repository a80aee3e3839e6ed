import type { JsonObject } from '#libs/contract';
import { HasElementsUpTo, IsList, IsObject, KeepsNull, METADATA, Required } from '#libs/protocols';

/** As published: so many items at a time. */
const ITEMS_AT_A_TIME_MAX = 20;

/** The body of POST /v1/conversations; it may be empty. `ConversationService` checks what lies inside. */
export class CreateConversationDto {
  @IsObject(METADATA)
  metadata?: JsonObject;

  @IsList({ type: 'object' })
  @HasElementsUpTo(ITEMS_AT_A_TIME_MAX)
  items?: readonly unknown[];
}

/** The body of POST /v1/conversations/{id}. */
export class UpdateConversationDto {
  /** null takes all of it away. */
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
