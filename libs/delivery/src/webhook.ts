import { traceHeaders } from '#libs/contract';
import { guardedFetch, isRefusedHost, type Guard } from '#libs/guarded-fetch';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

export interface WebhookSettings {
  /**
   * `whsec_` and base64, or base64 alone. The secrets of all API keys are derived from it. Absent: webhooks are
   * refused.
   */
  readonly secret?: string;
  readonly guard: Guard;
}

/** Statuses that mean "not now". All others below 500 are final (Standard Webhooks, "Delivery"). */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/**
 * The secret that signs the deliveries of an API key's jobs: HMAC-SHA256 of `talaria-webhook:<name of the key>`, with
 * the bytes of `secret`. Each key has its own, because otherwise the holder of one could send signed results to the
 * receiver of another.
 */
export function webhookSecretOf(secret: string, owner: string): string {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `whsec_${createHmac('sha256', bytes).update(`talaria-webhook:${owner}`).digest('base64')}`;
}

/** POSTs the result, signed by Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature. */
export function webhook({ secret, guard }: WebhookSettings): DeliveryTarget {
  return {
    scheme: 'webhook',
    example: 'webhook:https://example.com/hook',
    problemOf(address) {
      if (secret === undefined) return 'needs the setting WEBHOOK_SECRET, which signs what is sent';
      const url = URL.canParse(address) ? new URL(address) : undefined;
      if (!url || !/^https?:$/.test(url.protocol)) return 'needs an absolute http or https URL';
      if (url.username || url.password) return 'needs a URL without user and password: they are never sent';
      return isRefusedHost(url, guard.allowed)
        ? `may not go to ${url.hostname}, which is not on the public internet (WEBHOOK_ALLOWED_HOSTS allows it)`
        : undefined;
    },
    deliver: (parcel) => (secret === undefined ? Promise.resolve(NOT_CONFIGURED) : post(parcel, secret, guard)),
  };
}

const NOT_CONFIGURED: DeliveryOutcome = { kind: 'failed', why: 'WEBHOOK_SECRET is not set', final: false };

async function post(parcel: Parcel, secret: string, guard: Guard): Promise<DeliveryOutcome> {
  const body = JSON.stringify(eventOf(parcel));
  // Whole seconds: the header has no fractions, and the receiver checks the signature over the header's value.
  const seconds = Math.floor(parcel.now / 1_000);
  const headers = {
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'Talaria-Webhooks/1.0',
    ...traceHeaders(),
    'webhook-id': parcel.messageId,
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(webhookSecretOf(secret, parcel.job.owner)).sign(
      parcel.messageId,
      new Date(seconds * 1_000),
      body,
    ),
  };
  const { address: url, signal } = parcel;
  const outcome = await guardedFetch({ url, method: 'POST', headers, body, signal, group: parcel.job.owner }, guard);
  if (outcome.kind !== 'response') return { kind: 'failed', why: outcome.why, final: outcome.kind === 'refused' };
  const { status } = outcome;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  return { kind: 'failed', why: `it answered ${status}`, final: status < 500 && !WORTH_ANOTHER_TRY.has(status) };
}

/** The body: Standard Webhooks' `type`, `timestamp` and `data`. */
function eventOf({ job, run, now }: Parcel): object {
  const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    type: run.status === 'completed' ? 'job.run.completed' : 'job.run.failed',
    timestamp: iso(now),
    data: {
      job_id: job.id,
      job_name: job.name,
      run_id: run.runId,
      status: run.status,
      output: run.output ?? '',
      error: run.error ? { code: run.error.code, message: run.error.message } : null,
      scheduled_for: iso(run.slot),
      started_at: iso(run.startedAt),
      ended_at: iso(run.endedAt),
      attempt: run.attempt,
      misfire: run.misfire,
    },
  };
}
