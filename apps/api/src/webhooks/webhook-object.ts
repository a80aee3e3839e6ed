import { GatewayError, type JsonObject, type Webhook, type WebhookDelivery, type WebhookPlace } from '#libs/contract';

const seconds = (at: number): number => at / 1_000;
const secondsOrNull = (at: number | null): number | null => (at === null ? null : seconds(at));

/** A webhook as its key sees it. Times are seconds with a fraction. */
export function webhookObject(webhook: Webhook): JsonObject {
  const { id, url, events, description, createdAt, updatedAt, pausedAt, pausedReason } = webhook;
  return {
    id,
    object: 'webhook',
    url,
    events: [...events],
    description,
    status: pausedAt === null ? 'active' : 'paused',
    paused_at: secondsOrNull(pausedAt),
    paused_reason: pausedReason,
    failing_since: secondsOrNull(webhook.failingSince),
    former_secret_until: secondsOrNull(webhook.formerSecretUntil),
    created_at: seconds(createdAt),
    updated_at: seconds(updatedAt),
  };
}

/** One delivery in the log of a webhook. `id` is its `webhook-id`. */
export function deliveryObject(delivery: WebhookDelivery): JsonObject {
  const { id, webhookId, runId, event, status, attempts, createdAt, dueAt, lastAt, lastStatus, error, body } = delivery;
  return {
    id,
    object: 'webhook.delivery',
    webhook_id: webhookId,
    run_id: runId,
    event,
    status,
    attempts,
    created_at: seconds(createdAt),
    next_attempt_at: secondsOrNull(dueAt),
    last_attempt_at: secondsOrNull(lastAt),
    last_status_code: lastStatus,
    error,
    payload: JSON.parse(body) as JsonObject,
  };
}

/** A page by the rule of all lists. `rows` has one more than `limit` when more follow. */
export function pageOf<T extends WebhookPlace>(rows: readonly T[], limit: number, show: (row: T) => JsonObject) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last ? `${last.createdAt}.${last.id}` : null;
  return { object: 'list', data: shown.map(show), has_more: next !== null, next };
}

/** The place that a cursor names. Throws GatewayError `invalid_cursor`. */
export function placeOf(text: string): WebhookPlace {
  const match = /^(\d{1,15})\.((?:wh|msg)_[0-9a-f]{24,32})$/.exec(text);
  if (!match) {
    throw new GatewayError('invalid_cursor', 'The cursor is not one that this list gave.', { param: 'after' });
  }
  return { createdAt: Number(match[1]), id: match[2] ?? '' };
}
