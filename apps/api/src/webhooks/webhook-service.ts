import { GatewayError, WEBHOOK_EVENTS, type JsonObject, type Webhook, type WebhookStore } from '#libs/contract';
import type { WebhookChange, WebhookRef } from '#libs/contract';
import type { EventPost } from '#libs/delivery';
import { randomBytes } from 'node:crypto';
import { API_LIMITS } from '../words/api-limits.js';
import { assertEvents, type CreateWebhookDto, type PatchWebhookDto } from './webhook.dto.js';

const BUSY_RETRY_SECONDS = 5;

export interface WebhookServiceParts {
  readonly webhooks: WebhookStore;
  readonly post: EventPost;
}

/** Webhooks in the API: it keeps them, and schedulers deliver to them. */
export class WebhookService {
  private readonly tests = new Set<string>();

  constructor(private readonly parts: WebhookServiceParts) {}

  get store(): WebhookStore {
    return this.parts.webhooks;
  }

  secretOf(webhook: Webhook): string {
    this.assertReady();
    return this.parts.post.secretOf(webhook);
  }

  /** Throws GatewayError `invalid_request` that names the field, or `webhook_limit_reached`. */
  async create(owner: string, { url, events = WEBHOOK_EVENTS, description = '' }: CreateWebhookDto): Promise<Webhook> {
    assertEvents(events);
    this.assertReady();
    this.checkUrl(url);
    const id = `wh_${randomBytes(12).toString('hex')}`;
    const webhook = { id, owner, url, events: unique(events), description };
    const made = await this.store.create({ webhook, max: API_LIMITS.webhooksPerKeyMax });
    if (made !== 'full') return made;
    throw new GatewayError('webhook_limit_reached', `A key has at most ${API_LIMITS.webhooksPerKeyMax} webhooks.`);
  }

  /** Throws GatewayError `not_found`. */
  async get(ref: WebhookRef): Promise<Webhook> {
    return (await this.store.get(checked(ref))) ?? missing();
  }

  /** Throws GatewayError `not_found`. */
  async change(ref: WebhookRef, change: WebhookChange): Promise<Webhook> {
    return (await this.store.change(checked(ref), change)) ?? missing();
  }

  /** Throws GatewayError `not_found`, or `invalid_request` that names the field. */
  async patch(ref: WebhookRef, { url, events, description }: PatchWebhookDto): Promise<Webhook> {
    assertEvents(events);
    if (url !== undefined) this.checkUrl(url);
    return this.change(ref, {
      ...(url !== undefined && { url }),
      ...(events && { events: unique(events) }),
      ...(description !== undefined && { description }),
    });
  }

  /** Throws GatewayError `not_found`. */
  async remove(ref: WebhookRef): Promise<void> {
    if (!(await this.store.remove(checked(ref)))) missing();
  }

  /**
   * Sends a test event, once and now; nothing of it is kept. Throws GatewayError `not_found`, and `rate_limit_exceeded`
   * while another test of the same key, or too many of others, are under way.
   */
  async test(ref: WebhookRef): Promise<JsonObject> {
    const webhook = await this.get(ref);
    this.assertReady();
    const { tests } = this;
    if (tests.has(ref.owner) || tests.size >= API_LIMITS.deliveryTestsMax) throw busy();
    tests.add(ref.owner);
    try {
      const signal = AbortSignal.timeout(API_LIMITS.deliveryTestMsMax);
      const message = { webhook, ...sample(Date.now()), now: Date.now(), signal };
      const outcome = await this.parts.post.send(message).catch(() => LATE);
      const isThere = outcome.kind === 'delivered';
      return {
        object: 'webhook.test',
        id: message.id,
        status: outcome.kind,
        status_code: outcome.status ?? null,
        error: isThere ? null : outcome.why,
      };
    } finally {
      tests.delete(ref.owner);
    }
  }

  private assertReady(): void {
    if (this.parts.post.isReady) return;
    throw new GatewayError(
      'invalid_request',
      'Webhooks need the setting WEBHOOK_SECRET of this gateway, which signs what is sent.',
    );
  }

  private checkUrl(url: string): void {
    const problem = this.parts.post.problemOf(url);
    if (problem !== undefined) throw new GatewayError('invalid_request', `'url' ${problem}.`, { param: 'url' });
  }
}

const LATE: Awaited<ReturnType<EventPost['send']>> = { kind: 'failed', why: 'it took too long', final: false };

const unique = (events: readonly Webhook['events'][number][]): Webhook['events'] => [...new Set(events)];

/** Another key's webhook is answered like one that does not exist. */
function missing(): never {
  throw new GatewayError('not_found', 'There is no such webhook.');
}

function checked(ref: WebhookRef): WebhookRef {
  return /^wh_[0-9a-f]{24}$/.test(ref.id) ? ref : missing();
}

const busy = (): GatewayError =>
  new GatewayError('rate_limit_exceeded', 'Another webhook is being tested. Try again in some seconds.', {
    retryAfterSeconds: BUSY_RETRY_SECONDS,
  });

function sample(at: number): { readonly id: string; readonly body: string } {
  const digits = randomBytes(16).toString('hex');
  const head = { id: `evt_test_${digits}`, object: 'event', type: 'webhook.test' };
  const times = { created_at: Math.floor(at / 1_000), timestamp: new Date(at).toISOString() };
  return { id: `msg_${digits}`, body: JSON.stringify({ ...head, ...times, data: { message: 'This is a test.' } }) };
}
