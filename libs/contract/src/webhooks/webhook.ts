/** What a webhook may be told of. `response.*`: of runs that the Responses API began, as OpenAI names them. */
export const WEBHOOK_EVENTS = [
  'response.completed',
  'response.failed',
  'response.incomplete',
  'response.cancelled',
  'run.completed',
  'run.failed',
  'run.incomplete',
  'run.cancelled',
  'run.waiting_for_approval',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export const WEBHOOK_LIMITS = {
  urlCharsMax: 2_048,
  descriptionCharsMax: 512,
  pageMax: 100,
  page: 20,
  /** Deliveries of one webhook that may wait; with more it is paused. */
  waitingMax: 10_000,
  /** A webhook is paused when every attempt of so long a time has failed, and there were so many of them: more than */
  failingMs: 259_200_000,
  /** the attempts at one event, which last a day, and one attempt at another. */
  failedAttemptsMin: 10,
  /** So long after a rotation the former secret signs too. */
  overlapSecondsDefault: 86_400,
  overlapSecondsMax: 604_800,
  /** Deliveries that are over are kept so long, */
  keptDaysMax: 7,
  /** and so many of one webhook, the newest; until the next sweep there may be more. */
  keptMax: 10_000,
  reasonCharsMax: 500,
} as const;

/** Times are milliseconds since the epoch. */
export interface Webhook {
  readonly id: string;
  readonly owner: string;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The secret is derived from it: rotating counts up. */
  readonly secretVersion: number;
  /** Until then the secret of the version before signs too; null: it does not. */
  readonly formerSecretUntil: number | null;
  /** Nothing is sent while it is paused, and what happens then is not told later. */
  readonly pausedAt: number | null;
  readonly pausedReason: string | null;
  /** Since when every attempt has failed; null: the last one succeeded. */
  readonly failingSince: number | null;
}

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;

/** One event on its way to one webhook. */
export interface WebhookDelivery {
  /** The `webhook-id` of all its attempts. */
  readonly id: string;
  readonly webhookId: string;
  readonly runId: string;
  readonly event: WebhookEvent;
  /** The JSON that is sent. */
  readonly body: string;
  readonly status: (typeof DELIVERY_STATES)[number];
  readonly attempts: number;
  readonly createdAt: number;
  /** When the next attempt is due; null: there is none. */
  readonly dueAt: number | null;
  readonly lastAt: number | null;
  /** HTTP status of the last answer; null: there was none. */
  readonly lastStatus: number | null;
  readonly error: string | null;
}

/** Something that webhooks may be told. */
export interface NotedEvent {
  readonly owner: string;
  readonly runId: string;
  readonly event: WebhookEvent;
  /** Tells events of one run and kind apart: the id of a request for approval. */
  readonly part: string;
  readonly body: string;
}
