import type { Webhook } from '#libs/contract';
import { openGuard, openResolver } from '#libs/guarded-fetch';
import { createHmac } from 'node:crypto';
import type { DeliverySettings } from './registry.js';
import { problemOfUrl, signedPost, type PostOutcome } from './signed-post.js';

/** An event for one webhook. */
export interface EventMessage {
  readonly webhook: Webhook;
  /** The same for every attempt, so that a receiver can recognise a repetition. */
  readonly id: string;
  readonly body: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Sends events of runs to the webhooks of keys. */
export interface EventPost {
  /** Whether messages can be signed: WEBHOOK_SECRET is set. */
  readonly isReady: boolean;
  /** The fault of a URL, as the end of a sentence; undefined when there is none. */
  problemOf(url: string): string | undefined;
  /** The secret that its receiver checks signatures with. Throws when `isReady` is false. */
  secretOf(webhook: Pick<Webhook, 'id' | 'secretVersion'>): string;
  /** Sends once. Rejects only with the signal's reason. */
  send(message: EventMessage): Promise<PostOutcome>;
}

/** Throws when a setting is malformed. */
export function createEventPost({ webhookSecret, webhookAllowedHosts }: DeliverySettings): EventPost {
  const guard = openGuard({ allowedHosts: webhookAllowedHosts, resolve: openResolver() });
  /**
   * Derived, so that no database has it: HMAC-SHA256 of `talaria-webhook-target:<id>:<version>`, with the bytes of the
   * setting.
   */
  const secretOf = ({ id, secretVersion }: Pick<Webhook, 'id' | 'secretVersion'>): string => {
    if (webhookSecret === undefined) throw new Error('WEBHOOK_SECRET is not set');
    const bytes = Buffer.from(webhookSecret.replace(/^whsec_/, ''), 'base64');
    return `whsec_${createHmac('sha256', bytes).update(`talaria-webhook-target:${id}:${secretVersion}`).digest('base64')}`;
  };
  return {
    isReady: webhookSecret !== undefined,
    problemOf: (url) => problemOfUrl(url, guard),
    secretOf,
    async send({ webhook, id, body, now, signal }) {
      if (webhookSecret === undefined) return { kind: 'failed', why: 'WEBHOOK_SECRET is not set', final: false };
      const { secretVersion, formerSecretUntil, url, owner: group } = webhook;
      const isFormerValid = formerSecretUntil !== null && formerSecretUntil > now;
      const versions = isFormerValid ? [secretVersion, secretVersion - 1] : [secretVersion];
      const secrets = versions.map((version) => secretOf({ id: webhook.id, secretVersion: version }));
      return signedPost({ url, secrets, id, body, now, signal, group }, guard);
    },
  };
}
