import type { WebhookStore } from '#libs/contract';
import type { SqlDatabase } from '../ports.js';
import { leaseDeliveries, listDeliveries, settleDelivery } from './delivery-rows.js';
import { changeWebhook, createWebhook, getWebhook, listWebhooks, removeWebhook } from './webhook-rows.js';

/** Webhooks in Postgres or PGlite. @param now the clock that decides what is due, in milliseconds since the epoch. */
export function sqlWebhookStore(db: SqlDatabase, now: () => number | Promise<number>): WebhookStore {
  return {
    create: async (query) => createWebhook(db, query, await now()),
    get: (ref) => getWebhook(db, ref),
    list: (query) => listWebhooks(db, query),
    change: async (ref, change) => changeWebhook(db, ref, change, await now()),
    remove: async (ref) => removeWebhook(db, ref, await now()),
    deliveries: (query) => listDeliveries(db, query),
    lease: async (query) => leaseDeliveries(db, query, await now()),
    settle: async (attempted) => settleDelivery(db, attempted, await now()),
  };
}
