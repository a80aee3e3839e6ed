import { createEventPost } from '#libs/delivery';
import { storeClient } from '#libs/store-client';
import type { Duty } from '../duties/duty.js';
import type { SchedulerCore } from '../scheduler-core.js';
import { deliverEvents, type EventPorts } from './deliver-events.js';

const EVERY_MS = 1_000;
/** Time for a page of deliveries on a busy store; no client waits for them. */
const STORE_ANSWER_MS_MAX = 15_000;

/** The duty that tells webhooks what they wait for. Several schedulers may do it at the same time without harm. */
export function webhookDuty({ config, logger, meters }: SchedulerCore): Duty {
  const ports: EventPorts = {
    webhooks: storeClient({ ...config.store, answerMsMax: STORE_ANSWER_MS_MAX }).webhooks,
    post: createEventPost(config.jobs),
    logger,
    meters,
    now: Date.now,
  };
  return { name: 'deliver-events', everyMs: EVERY_MS, run: (_, signal) => deliverEvents(ports, signal) };
}
