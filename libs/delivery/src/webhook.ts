import type { Guard } from '#libs/guarded-fetch';
import { createHmac } from 'node:crypto';
import { problemOfUrl, signedPost } from './signed-post.js';
import type { DeliveryOutcome, DeliveryTarget, Parcel } from './target.js';

export interface WebhookSettings {
  /**
   * `whsec_` and base64, or base64 alone. The secrets of all API keys are derived from it. Absent: webhooks are
   * refused.
   */
  readonly secret?: string;
  readonly guard: Guard;
}

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
      return problemOfUrl(address, guard);
    },
    deliver: (parcel) => (secret === undefined ? Promise.resolve(NOT_CONFIGURED) : post(parcel, secret, guard)),
  };
}

const NOT_CONFIGURED: DeliveryOutcome = { kind: 'failed', why: 'WEBHOOK_SECRET is not set', final: false };

function post(parcel: Parcel, secret: string, guard: Guard): Promise<DeliveryOutcome> {
  const { address: url, messageId: id, now, signal, job } = parcel;
  const secrets = [webhookSecretOf(secret, job.owner)];
  return signedPost({ url, secrets, id, body: JSON.stringify(eventOf(parcel)), now, signal, group: job.owner }, guard);
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
