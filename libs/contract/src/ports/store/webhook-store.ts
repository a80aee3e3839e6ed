import { DELIVERY_STATES, WEBHOOK_EVENTS, WEBHOOK_LIMITS, type Webhook } from '../../webhooks/webhook.js';
import type { WebhookDelivery } from '../../webhooks/webhook.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, aWhole, listOf, oneOf, optional, orNull } from './shape.js';

/** Deliveries that one call leases at most. */
const LEASED_MAX = 200;

export interface WebhookRef {
  readonly owner: string;
  readonly id: string;
}

/** A place in a list, newest first. */
export interface WebhookPlace {
  readonly createdAt: number;
  readonly id: string;
}

export type NewWebhook = Pick<Webhook, 'id' | 'owner' | 'url' | 'events' | 'description'>;

/** What is absent stays. */
export interface WebhookChange {
  readonly url?: string;
  readonly events?: Webhook['events'];
  readonly description?: string;
  /** Pauses with this reason; null resumes. */
  readonly pause?: string | null;
  /** Another secret, beside which the former one signs for so long. */
  readonly rotate?: { readonly overlapMs: number };
}

export interface DeliveryQuery extends WebhookRef {
  readonly status?: WebhookDelivery['status'];
  readonly limit: number;
  readonly after?: WebhookPlace;
}

/** A delivery whose time has come. Nobody else gets it until its lease ends. */
export interface LeasedDelivery {
  readonly webhook: Webhook;
  readonly delivery: WebhookDelivery;
}

/** What came of an attempt. */
export interface Attempted {
  readonly id: string;
  /** Of the leased delivery: when another attempt was noted meanwhile, this one changes nothing. */
  readonly attempts: number;
  readonly status: WebhookDelivery['status'];
  /** Of a pending one: pause until the next attempt. */
  readonly againMs?: number;
  readonly answer: number | null;
  readonly error: string | null;
  /** The receiver wants nothing more: its webhook is paused with this reason. */
  readonly pause?: string;
}

/**
 * Webhooks and their deliveries. The clock of the database counts. Every method rejects with GatewayError `unavailable`
 * when the store cannot be asked.
 */
export interface WebhookStore {
  /** `full`: the owner has `max` webhooks. */
  create(query: { readonly webhook: NewWebhook; readonly max: number }): Promise<Webhook | 'full'>;
  get(ref: WebhookRef): Promise<Webhook | undefined>;
  /** Newest first. */
  list(query: {
    readonly owner: string;
    readonly limit: number;
    readonly after?: WebhookPlace;
  }): Promise<readonly Webhook[]>;
  /** undefined: there is no such webhook. */
  change(ref: WebhookRef, change: WebhookChange): Promise<Webhook | undefined>;
  /** With its deliveries. @returns whether there was one. */
  remove(ref: WebhookRef): Promise<boolean>;
  /** Newest first. */
  deliveries(query: DeliveryQuery): Promise<readonly WebhookDelivery[]>;
  /** Leases due deliveries, of no owner in `except`, for `leaseMs`. */
  lease(query: {
    readonly limit: number;
    readonly leaseMs: number;
    readonly perOwner: number;
    readonly except: readonly string[];
  }): Promise<readonly LeasedDelivery[]>;
  /** @returns whether the attempt counted. */
  settle(attempted: Attempted): Promise<boolean>;
}

const someEvents = listOf(oneOf(WEBHOOK_EVENTS));
const aRef = anObject({ owner: aText, id: aText });
const aPlace = optional(anObject({ createdAt: aNumber, id: aText }));
const aLimit = aWhole(1, WEBHOOK_LIMITS.pageMax + 1);
const aWebhook = anObject({
  id: aText,
  owner: aText,
  url: aText,
  events: listOf(aText),
  description: aText,
  createdAt: aNumber,
  updatedAt: aNumber,
  secretVersion: aNumber,
  formerSecretUntil: orNull(aNumber),
  pausedAt: orNull(aNumber),
  pausedReason: orNull(aText),
});
const aDelivery = anObject({
  id: aText,
  webhookId: aText,
  runId: aText,
  event: aText,
  body: aText,
  status: oneOf(DELIVERY_STATES),
  attempts: aNumber,
  createdAt: aNumber,
  dueAt: orNull(aNumber),
  lastStatus: orNull(aNumber),
  error: orNull(aText),
});

export const WEBHOOK_STORE_CALLS: PortCalls<WebhookStore> = {
  create: {
    args: {
      query: anObject({
        webhook: anObject({ id: aText, owner: aText, url: aText, events: someEvents, description: aText }),
        max: aWhole(0, 1_000_000),
      }),
    },
    gives: (value, path) => (value === 'full' ? undefined : aWebhook(value, path)),
  },
  get: { args: { ref: aRef }, finds: aWebhook },
  list: { args: { query: anObject({ owner: aText, limit: aLimit, after: aPlace }) }, gives: listOf(aWebhook) },
  change: {
    args: {
      ref: aRef,
      change: anObject({
        url: optional(aText),
        events: optional(someEvents),
        description: optional(aText),
        pause: optional(orNull(aText)),
        rotate: optional(anObject({ overlapMs: aWhole(0, WEBHOOK_LIMITS.overlapSecondsMax * 1_000) })),
      }),
    },
    finds: aWebhook,
  },
  remove: { args: { ref: aRef }, gives: aFlag },
  deliveries: {
    args: {
      query: anObject({
        owner: aText,
        id: aText,
        status: optional(oneOf(DELIVERY_STATES)),
        limit: aLimit,
        after: aPlace,
      }),
    },
    gives: listOf(aDelivery),
  },
  lease: {
    args: {
      query: anObject({
        limit: aWhole(1, LEASED_MAX),
        leaseMs: aWhole(1, 3_600_000),
        perOwner: aWhole(1, LEASED_MAX),
        except: listOf(aText),
      }),
    },
    gives: listOf(anObject({ webhook: aWebhook, delivery: aDelivery })),
  },
  settle: {
    args: {
      attempted: anObject({
        id: aText,
        attempts: aNumber,
        status: oneOf(DELIVERY_STATES),
        againMs: optional(aWhole(0, 864_000_000)),
        answer: orNull(aNumber),
        error: orNull(aText),
        pause: optional(aText),
      }),
    },
    gives: aFlag,
  },
};
