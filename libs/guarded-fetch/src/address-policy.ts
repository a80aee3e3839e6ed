import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * True for an address on the public internet. False for everything else, including text that is no address: private,
 * loopback, link-local, shared (CGNAT), multicast, reserved, documentation and benchmarking ranges, and every IPv6 form
 * that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo), whichever address it carries, because a
 * router on the way may unpack it.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (!address || address.range() !== 'unicast') return false;
  if (CLOUD_METADATA.some((block) => inBlock(address, block))) return false;
  // Only 2000::/3 is assigned (RFC 4291 2.4). This also refuses addresses that the library calls unicast by default,
  // such as the IPv4-compatible ::/96.
  return address.kind() === 'ipv4' || inBlock(address, GLOBAL_IPV6);
}

/**
 * Metadata services that live on addresses of public ranges; all others are link-local, shared or unique-local.
 * 168.63.129.16: the virtual address of Azure's platform services.
 */
const CLOUD_METADATA: readonly AddressBlock[] = [[ipaddr.parse('168.63.129.16'), 32]];

const GLOBAL_IPV6: AddressBlock = [ipaddr.parse('2000::'), 3];

export type AddressBlock = readonly [Address, number];

/** The addresses and names that an operator allows although they are not public. */
export interface AllowedHosts {
  readonly names: ReadonlySet<string>;
  readonly blocks: readonly AddressBlock[];
}

/**
 * Reads entries such as `wiki.local`, `10.1.2.3` and `10.0.0.0/8`. A name allows whatever it resolves to. It matches
 * exactly, so sub-domains need their own entries. Throws an Error that names a malformed entry.
 */
export function parseAllowedHosts(entries: readonly string[]): AllowedHosts {
  const names = new Set<string>();
  const blocks: AddressBlock[] = [];
  for (const entry of entries) {
    const block = parseBlock(entry);
    if (block) blocks.push(block);
    else if (HOST_NAME.test(entry)) names.add(canonicalName(entry));
    else throw new Error(`'${entry}' is neither a host name nor an address nor a CIDR block.`);
  }
  return { names, blocks };
}

// The last label is no number: 300.0.0.1 and 10.0.0 are mistyped addresses, not names.
const HOST_NAME = /^(?:[a-z0-9_-]{1,63}\.)*(?![0-9]+\.?$)[a-z0-9_-]{1,63}\.?$/i;

/** In lower case and without the dot of the root, so that `LOCALHOST.` is `localhost`. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

export function isAllowedAddress(text: string, { blocks }: AllowedHosts): boolean {
  const address = parseAddress(text);
  return address !== undefined && blocks.some((block) => inBlock(address, block));
}

function inBlock(address: Address, [base, bits]: AddressBlock): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

function parseBlock(entry: string): AddressBlock | undefined {
  const address = parseAddress(entry);
  if (address) return [address, address.kind() === 'ipv4' ? 32 : 128];
  return ipaddr.isValidCIDR(entry) ? ipaddr.parseCIDR(entry) : undefined;
}

/**
 * Accepts the four-part form only: the library also reads 0x7f.1 and 127.1, which the URL parser has already
 * normalised.
 */
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}
