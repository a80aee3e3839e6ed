import { Resolver } from 'node:dns/promises';
import type { HostAddress, Resolve } from '../check-target.js';
import { localNames, type LocalNames } from './local-names.js';
import { LookupSlots } from './lookup-slots.js';

/** Bounds for looking up names that somebody else chose. */
export const DNS_LIMITS = {
  /** One name, all its queries and search domains included. */
  lookupMsMax: 5_000,
  /** When one family of addresses is known, the longest wait for the other. */
  otherFamilyMsMax: 500,
  atOnceMax: 64,
  perGroupMax: 8,
  waitingMax: 2_000,
  knownMsMax: 30_000,
  unknownMsMax: 5_000,
  namesKeptMax: 1_000,
} as const;

export interface ResolverSettings {
  /** Name servers as `address` or `address:port`; default: those of the operating system. */
  readonly servers?: readonly string[];
  readonly local?: LocalNames;
  /** Default DNS_LIMITS.lookupMsMax. */
  readonly lookupMsMax?: number;
}

interface Kept {
  /** Empty: the name is not known. */
  readonly addresses: readonly HostAddress[];
  readonly until: number;
}

/**
 * A resolver for names that models and API keys choose. `dns.lookup`, which everything else in the process uses, has
 * few threads and cannot be cancelled, so silent name servers would delay every new connection to an upstream. This
 * resolver asks the name servers itself (c-ares), reads the hosts file and the search domains, ends lookups that are no
 * longer needed, and remembers answers and failures for a moment. It knows no other sources of names (mDNS, NSS
 * modules).
 */
export function openResolver(settings: ResolverSettings = {}): Resolve {
  const { servers, local = localNames(), lookupMsMax = DNS_LIMITS.lookupMsMax } = settings;
  const slots = new LookupSlots(DNS_LIMITS);
  const kept = new Map<string, Kept>();

  async function lookUp(name: string, signal: AbortSignal): Promise<readonly HostAddress[]> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookupMsMax)]);
    const own = await local.addressesOf(name);
    if (own) return own;
    for (const candidate of await local.candidatesFor(name)) {
      if (limited.aborted) break;
      const addresses = await ask(candidate, servers, limited);
      if (addresses.length > 0) return addresses;
    }
    return [];
  }

  function keep(name: string, addresses: readonly HostAddress[]): readonly HostAddress[] {
    const ms = addresses.length > 0 ? DNS_LIMITS.knownMsMax : DNS_LIMITS.unknownMsMax;
    if (kept.get(name)?.addresses === addresses) return addresses;
    kept.delete(name);
    kept.set(name, { addresses, until: Date.now() + ms });
    const [oldest] = kept.keys();
    if (kept.size > DNS_LIMITS.namesKeptMax && oldest !== undefined) kept.delete(oldest);
    return addresses;
  }

  return async (hostname, { signal, group = '' }) => {
    // The dot of the root is kept, because it says that no search domain applies.
    const name = hostname.toLowerCase();
    const keptOf = (): readonly HostAddress[] | undefined => {
      const before = kept.get(name);
      return before && before.until > Date.now() ? before.addresses : undefined;
    };
    const known =
      keptOf() ??
      // Another lookup of the name may have ended while this one waited.
      (await slots.run(group, signal, async () => keptOf() ?? (await lookUp(name, signal))));
    // A cancelled lookup says nothing about the name.
    signal.throwIfAborted();
    return keep(name, known);
  };
}

/** Asks for both families at once. Resolves with what is known when the signal aborts; empty when that is nothing. */
async function ask(
  name: string,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly HostAddress[]> {
  const resolver = new Resolver();
  if (servers) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  let late: NodeJS.Timeout | undefined;
  const hurry = (addresses: readonly HostAddress[]): readonly HostAddress[] => {
    if (addresses.length > 0) late ??= setTimeout(cancel, DNS_LIMITS.otherFamilyMsMax);
    return addresses;
  };
  const family = async (number: 4 | 6, asked: Promise<string[]>): Promise<readonly HostAddress[]> =>
    asked.then(
      (addresses) => hurry(addresses.map((address) => ({ address, family: number }))),
      () => [], // No such name, no answer in time, or cancelled: there is no address to connect to.
    );
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const asked = [family(4, resolver.resolve4(name)), family(6, resolver.resolve6(name))];
    return (await Promise.all(asked)).flat();
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', cancel);
  }
}
