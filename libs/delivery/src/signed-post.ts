import { traceHeaders } from '#libs/contract';
import { guardedFetch, isRefusedHost, type Guard } from '#libs/guarded-fetch';
import { Webhook } from 'standardwebhooks';

export interface SignedMessage {
  readonly url: string;
  /** `whsec_` and base64. All of them sign: during a rotation there are two. */
  readonly secrets: readonly string[];
  /** `webhook-id`, the same for every attempt. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** The owner: see `FetchRequest.group`. */
  readonly group: string;
}

/** `status`: that of the answer, where there was one. `final`: another try cannot help. */
export type PostOutcome = { readonly status?: number } & (
  { readonly kind: 'delivered' } | { readonly kind: 'failed'; readonly why: string; readonly final: boolean }
);

/** Statuses that mean "not now". All others below 500 are final (Standard Webhooks, "Delivery"). */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/**
 * POSTs a message, signed by Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature. Rejects only with the
 * signal's reason.
 */
export async function signedPost(message: SignedMessage, guard: Guard): Promise<PostOutcome> {
  const { url, secrets, id, body, now, signal, group } = message;
  // Whole seconds: the header has no fractions, and the receiver checks the signature over the header's value.
  const seconds = Math.floor(now / 1_000);
  const headers = {
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'Talaria-Webhooks/1.0',
    ...traceHeaders(),
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets
      .map((secret) => new Webhook(secret).sign(id, new Date(seconds * 1_000), body))
      .join(' '),
  };
  const outcome = await guardedFetch({ url, method: 'POST', headers, body, signal, group }, guard);
  if (outcome.kind !== 'response') return { kind: 'failed', why: outcome.why, final: outcome.kind === 'refused' };
  const { status } = outcome;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  return {
    kind: 'failed',
    why: `it answered ${status}`,
    final: status < 500 && !WORTH_ANOTHER_TRY.has(status),
    status,
  };
}

/** The fault of a URL that signed messages shall go to, as the end of a sentence; undefined when there is none. */
export function problemOfUrl(address: string, guard: Guard): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return 'needs an absolute http or https URL';
  if (url.username || url.password) return 'needs a URL without user and password: they are never sent';
  return isRefusedHost(url, guard.allowed)
    ? `may not go to ${url.hostname}, which is not on the public internet (WEBHOOK_ALLOWED_HOSTS allows it)`
    : undefined;
}
