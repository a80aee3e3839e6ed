import { type Attempted, type LeasedDelivery, type WebhookStore } from '#libs/contract';
import type { EventPost } from '#libs/delivery';
import type { Logger } from '#libs/platform';
import { setTimeout as sleep } from 'node:timers/promises';

const EVENTS_AT_ONCE_MAX = 60;
/** Deliveries of one key at a time: slow receivers delay the events of their own key only. */
const EVENTS_OF_ONE_MAX = 6;
/** How often the duty looks for new events while deliveries are under way. */
const LOOK_AGAIN_MS = 1_000;
/** For this time no other scheduler delivers the event: longer than an attempt may take. */
const LEASE_MS = 60_000;
/** Pauses between attempts, about as Standard Webhooks proposes: one day in total. */
const BACKOFF_SECONDS = [5, 60, 300, 1_800, 7_200, 18_000, 36_000];
/** The receiver wants no further event (Standard Webhooks). */
const GONE = 410;

export interface EventPorts {
  readonly webhooks: Pick<WebhookStore, 'lease' | 'settle'>;
  readonly post: Pick<EventPost, 'send'>;
  readonly logger: Logger;
  readonly meters: { toldWebhook(outcome: 'delivered' | 'retried' | 'failed'): void };
  now(): number;
}

/**
 * Delivers all due events; each finished delivery makes room for another. Resolves when nothing is due any more.
 * Delivery is at least once: the receiver recognises a repetition by the id of the message.
 */
export async function deliverEvents(ports: EventPorts, signal: AbortSignal): Promise<void> {
  const underWay = new Map<Promise<void>, string>();
  try {
    while (!signal.aborted) {
      const started = await startSome(ports, underWay, signal);
      if (underWay.size === 0) return;
      if (started === 0 || underWay.size >= EVENTS_AT_ONCE_MAX) await firstOf([...underWay.keys()]);
    }
  } finally {
    await Promise.all(underWay.keys());
  }
}

/** Leases due events and starts their deliveries. @returns how many. */
async function startSome(ports: EventPorts, underWay: Map<Promise<void>, string>, signal: AbortSignal) {
  const counts = new Map<string, number>();
  for (const owner of underWay.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const leased = await ports.webhooks.lease({
    limit: EVENTS_AT_ONCE_MAX - underWay.size,
    leaseMs: LEASE_MS,
    perOwner: EVENTS_OF_ONE_MAX,
    // An owner with some under way waits for them: else each round would add to them.
    except: [...counts.keys()],
  });
  for (const item of leased) {
    // Each delivery gets its own signal: hundreds of listeners on the shared one would look like a leak.
    const done: Promise<void> = deliverOne(ports, item, AbortSignal.any([signal])).finally(() => underWay.delete(done));
    underWay.set(done, item.webhook.owner);
  }
  return leased.length;
}

async function firstOf(underWay: readonly Promise<void>[]): Promise<void> {
  const pause = new AbortController();
  const rested = sleep(LOOK_AGAIN_MS, undefined, { signal: pause.signal }).catch(() => undefined);
  await Promise.race([rested, ...underWay]);
  pause.abort();
}

/** Never rejects. */
async function deliverOne(ports: EventPorts, item: LeasedDelivery, signal: AbortSignal): Promise<void> {
  const { webhook, delivery } = item;
  const { id, body, attempts, runId, event } = delivery;
  const about = { webhookId: webhook.id, deliveryId: id, runId, event, owner: webhook.owner };
  try {
    const outcome = await ports.post.send({ webhook, id, body, now: ports.now(), signal });
    const attempted = afterAttempt({ id, attempts }, outcome);
    if (!(await ports.webhooks.settle(attempted))) return;
    tell(ports, about, attempted);
  } catch (cause) {
    // The process stops, or the store is away. When the lease ends, any scheduler delivers again.
    ports.logger.warn({ err: cause, ...about }, 'the delivery of an event was broken off; it comes again');
  }
}

type Outcome = Awaited<ReturnType<EventPost['send']>>;

function afterAttempt({ id, attempts }: Pick<Attempted, 'id' | 'attempts'>, outcome: Outcome): Attempted {
  const known = { id, attempts, answer: outcome.status ?? null };
  if (outcome.kind === 'delivered') return { ...known, status: 'delivered', error: null };
  const failed = { ...known, error: outcome.why };
  if (outcome.status === GONE)
    return { ...failed, status: 'failed', pause: 'it answered 410: it wants no more events' };
  const seconds = BACKOFF_SECONDS[attempts];
  if (outcome.final || seconds === undefined) return { ...failed, status: 'failed' };
  return { ...failed, status: 'pending', againMs: seconds * 1_000 };
}

/** One line and one count for each attempt. Nothing of the URL: it may be a secret. */
function tell({ logger, meters }: EventPorts, about: object, { status, attempts, error }: Attempted): void {
  const attempt = { ...about, attempt: attempts + 1, error };
  switch (status) {
    case 'delivered':
      meters.toldWebhook('delivered');
      logger.info(about, 'an event was delivered');
      return;
    case 'failed':
      meters.toldWebhook('failed');
      logger.warn(attempt, 'an event could not be delivered and is given up');
      return;
    case 'pending':
      meters.toldWebhook('retried');
      logger.info(attempt, 'an event could not be delivered; it is tried again');
  }
}
