import { ERRORS, GatewayError, type Idempotency } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { newRunId } from '#libs/runs';
import type { FastifyReply } from 'fastify';
import { HEADERS } from '../../words/header-names.js';
import { idempotencyClaim, idempotencyConflict, type CreatingRequest } from './idempotency-key.js';

/** The terms for creating something. */
export interface Making {
  /**
   * In the form of a run id; the ids of created objects are derived from it. A repetition gets the first request's
   * seed.
   */
  readonly seed: string;
  /** An earlier request with this key has created the object, or has begun to. */
  readonly isReplay: boolean;
  /** The object was created. If it no longer exists, it was deleted, and is not created again. */
  readonly wasMade: boolean;
}

/**
 * Idempotency-Key for objects that are made without a run. The first request reserves the key with a seed of ids, and a
 * repetition does the work again under the same ids. So `make` must find existing objects by their ids and leave them
 * unchanged. The key is marked once the work is done: from then on a repetition creates nothing.
 */
export class CreateOnce {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly logger: Logger,
  ) {}

  /**
   * @returns the result of `make`; a replay is marked on the reply. Throws GatewayError `idempotency_key_conflict`. A
   *   request that `make` refuses releases the key. After any other failure the work may have been done, so the seed
   *   stays.
   */
  async answer<T>(request: CreatingRequest, reply: FastifyReply, make: (making: Making) => Promise<T>): Promise<T> {
    const seed = newRunId();
    const claim = idempotencyClaim(request);
    if (!claim) return make({ seed, isReplay: false, wasMade: false });
    const reservation = await this.idempotency.reserve(claim.scope, claim.fingerprint, seed);
    if (reservation.kind === 'conflict') throw idempotencyConflict();
    if (reservation.kind === 'same') {
      void reply.header(HEADERS.idempotencyReplayed, 'true');
      const { runId, wasOpened } = reservation;
      const made = await make({ seed: runId, isReplay: true, wasMade: wasOpened });
      if (!wasOpened) await this.idempotency.markMade(claim.scope, runId);
      return made;
    }
    try {
      const made = await make({ seed, isReplay: false, wasMade: false });
      // If this fails, the client gets an error and repeats the request, which marks the key.
      await this.idempotency.markMade(claim.scope, seed);
      return made;
    } catch (cause) {
      if (isRefusal(cause)) await this.giveBack(claim.scope, seed);
      throw cause;
    }
  }

  private async giveBack(scope: string, seed: string): Promise<void> {
    try {
      await this.idempotency.release(scope, seed);
    } catch (err) {
      this.logger.warn({ err }, 'an idempotency key was not given back');
    }
  }
}

/** The error for a repetition whose first request created an object that no longer exists. */
export const deletedUnderKey = (
  code: 'conversation_not_found' | 'item_not_found' | 'session_not_found',
): GatewayError =>
  new GatewayError(code, 'What was made with this Idempotency-Key was deleted.', { param: 'Idempotency-Key' });

const isRefusal = (cause: unknown): boolean => cause instanceof GatewayError && ERRORS[cause.code].status < 500;

/** An id of another kind with the digits of a seed. */
export const idFromSeed = (kind: 'conv' | 'session', seed: string): string => seed.replace(/^run/, kind);
