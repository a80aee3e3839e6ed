import { createHmac, timingSafeEqual } from 'node:crypto';

/** A call that is older was recorded by somebody, perhaps ("Verifying requests from Slack"). */
const AGE_SECONDS_MAX = 300;

export interface SignedCall {
  readonly headers: Readonly<Record<string, unknown>>;
  /** As it came. */
  readonly body: string;
  /** In ms. */
  readonly now: number;
}

/** Whether Slack signed the call: `v0=` and HMAC-SHA256 of `v0:<timestamp>:<body>`, with the app's signing secret. */
export function isSigned({ headers, body, now }: SignedCall, secret: string): boolean {
  const seconds = String(headers['x-slack-request-timestamp'] ?? '');
  if (!/^\d{1,12}$/.test(seconds) || Math.abs(now / 1_000 - Number(seconds)) > AGE_SECONDS_MAX) return false;
  const signed = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  const [a, b] = [Buffer.from(String(headers['x-slack-signature'] ?? '')), Buffer.from(`v0=${signed}`)];
  return a.length === b.length && timingSafeEqual(a, b);
}
