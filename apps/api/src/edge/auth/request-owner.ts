import type { FastifyInstance, FastifyRequest } from 'fastify';
import { wrongKey } from './key-ring.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Name of the key that the request carries; undefined when it has no valid one. Set by the edge. */
    keyName: string | undefined;
    /**
     * The same behind the guard, where a key is certain. On a public route without a key it throws GatewayError
     * `invalid_api_key`. Only here is a missing key reported this late.
     */
    readonly owner: string;
  }
}

/** Gives every request its `keyName` and its `owner`. */
export function decorateOwner(instance: FastifyInstance): void {
  instance.decorateRequest('keyName', undefined);
  instance.decorateRequest('owner', {
    getter(this: FastifyRequest): string {
      if (this.keyName === undefined) throw wrongKey();
      return this.keyName;
    },
  });
}
