import { DELIVERY_STATES, GatewayError, WEBHOOK_EVENTS, WEBHOOK_LIMITS } from '#libs/contract';
import {
  Described,
  HasElementsUpTo,
  IsIntegerBetween,
  IsList,
  IsOneOf,
  IsString,
  IsText,
  NothingElse,
  Required,
  Rule,
} from '#libs/protocols';

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** The fields of a webhook that its key chooses. */
class WebhookFieldsDto {
  @IsList({ type: 'string', enum: [...WEBHOOK_EVENTS] })
  @HasElementsUpTo(WEBHOOK_EVENTS.length)
  @Rule((value) => !isEmpty(value), 'must name at least one event.')
  @Described('What it is told of.')
  events?: readonly (typeof WEBHOOK_EVENTS)[number][];

  @IsText(WEBHOOK_LIMITS.descriptionCharsMax)
  description?: string;
}

/** Throws GatewayError `invalid_request` that names the element. */
export function assertEvents(events: readonly unknown[] = []): void {
  const at = events.findIndex((one) => !(WEBHOOK_EVENTS as readonly unknown[]).includes(one));
  if (at < 0) return;
  const param = `events[${at}]`;
  throw new GatewayError('invalid_request', `'${param}' must be one of: ${WEBHOOK_EVENTS.join(', ')}.`, { param });
}

/** The body of POST /v1/webhooks. */
@NothingElse('is not a field of a webhook; url, events and description are.')
export class CreateWebhookDto extends WebhookFieldsDto {
  @Required()
  @IsText(WEBHOOK_LIMITS.urlCharsMax)
  @Described('An http or https URL on the public internet, or on a host that WEBHOOK_ALLOWED_HOSTS names.')
  url: string;
}

/** The body of PATCH /v1/webhooks/{id}. */
@NothingElse('cannot be changed; url, events and description can.')
export class PatchWebhookDto extends WebhookFieldsDto {
  @IsText(WEBHOOK_LIMITS.urlCharsMax)
  url?: string;
}

/** The body of POST /v1/webhooks/{id}/pause; it may be empty. */
@NothingElse('is not a field of a pause; reason is.')
export class PauseWebhookDto {
  @IsText(WEBHOOK_LIMITS.reasonCharsMax)
  reason?: string;
}

/** The body of POST /v1/webhooks/{id}/rotate; it may be empty. */
@NothingElse('is not a field of a rotation; overlap_seconds is.')
export class RotateWebhookDto {
  @IsIntegerBetween(0, WEBHOOK_LIMITS.overlapSecondsMax)
  @Described('So long the former secret signs too.')
  overlap_seconds: number = WEBHOOK_LIMITS.overlapSecondsDefault;
}

/** The query of GET /v1/webhooks. */
export class WebhookListQuery {
  @IsIntegerBetween(1, WEBHOOK_LIMITS.pageMax)
  limit: number = WEBHOOK_LIMITS.page;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of GET /v1/webhooks/{id}/deliveries. */
export class DeliveryListQuery extends WebhookListQuery {
  @IsOneOf(...DELIVERY_STATES)
  @Described('only those in this state')
  status?: (typeof DELIVERY_STATES)[number];
}
