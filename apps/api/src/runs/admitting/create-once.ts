import { ERRORS, GatewayError, type Idempotency } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { newRunId } from '#libs/runs';
import type { FastifyReply } from 'fastify';
import { HEADERS } from '../../words/header-names.js';
import { idempotencyClaim, idempotencyConflict, type CreatingRequest } from './idempotency-key.js';

/** What a request makes. */
export interface Making {
  /** Of the form of a run id: ids of what is made are derived from it. A repetition gets that of the first request. */
  readonly seed: string;
  /** An earlier request with this key has made it, or has begun to. */
  readonly isReplay: boolean;
  /** It was made. What is not there any more was deleted, and is not made again. */
  readonly wasMade: boolean;
}

/**
 * Idempotency-Key for what is made without a run: the first request reserves the key with a seed of ids, a repetition
 * does the work again under the same ids. So `make` must find what is there by its id, and leave it as it is. The key
 * is marked once the work is done: from then on a repetition makes nothing.
 */
export class CreateOnce {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly logger: Logger,
  ) {}

  /**
   * @returns what `make` gives; a replay is marked on the reply. Throws GatewayError `idempotency_key_conflict`. A
   * request that `make` refuses gives the key back; after any other failure it may have been done all the same, and the
   * seed stays.
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
      // If this fails the client hears of a failure and repeats the request, which marks the key.
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

/** What a repetition is told whose first request made what is not there any more. */
export const deletedUnderKey = (
  code: 'conversation_not_found' | 'item_not_found' | 'session_not_found',
): GatewayError =>
  new GatewayError(code, 'What was made with this Idempotency-Key was deleted.', { param: 'Idempotency-Key' });

const isRefusal = (cause: unknown): boolean => cause instanceof GatewayError && ERRORS[cause.code].status < 500;

/** An id of another kind with the digits of a seed. */
export const idFromSeed = (kind: 'conv' | 'session', seed: string): string => seed.replace(/^run/, kind);
