import { STORE_CALLS, type PortCall, type StorePorts } from '#libs/contract';
import { storeRequests, unreadable, type AskStore, type StoreAddress } from './store-request.js';

/**
 * The ports of the store service. Every method rejects with the GatewayError that the store answered, or with
 * `unavailable` when the store cannot be reached or understood.
 */
export function storeClient(address: StoreAddress): StorePorts {
  const ask = storeRequests(address);
  const ports = Object.entries(STORE_CALLS).map(([port, calls]) => [port, portOf(ask, port, calls)]);
  return Object.fromEntries(ports) as StorePorts;
}

function portOf(ask: AskStore, port: string, calls: Readonly<Record<string, PortCall>>): unknown {
  const methodOf =
    (method: string, { gives, finds }: PortCall) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const result = await ask(`/internal/${port}/${method}`, bodyOf(args));
      if (finds && (result ?? null) === null) return undefined;
      if (result === undefined || (finds ?? gives)(result, 'result') !== undefined) throw unreadable();
      return result ?? undefined;
    };
  return Object.fromEntries(Object.entries(calls).map(([method, call]) => [method, methodOf(method, call)]));
}

/** A single object is sent unchanged: every version sends the calls for jobs in this way. */
function bodyOf(args: readonly unknown[]): unknown {
  const [first] = args;
  return args.length === 1 && typeof first === 'object' && !Array.isArray(first) ? first : args;
}
