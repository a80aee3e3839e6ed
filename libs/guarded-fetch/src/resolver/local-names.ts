import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { canonicalName } from '../address-policy.js';
import type { HostAddress } from '../check-target.js';

const HOSTS_FILE = '/etc/hosts';
const RESOLVER_FILE = '/etc/resolv.conf';
const LOOPBACK: readonly HostAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** What this machine itself knows about names, without a name server. */
export interface LocalNames {
  /** The addresses of the hosts file; undefined when it does not have the name. */
  addressesOf(hostname: string): Promise<readonly HostAddress[] | undefined>;
  /** The names to ask for, in this order: search domains make `wiki` mean `wiki.example.org`. */
  candidatesFor(hostname: string): Promise<readonly string[]>;
}

/**
 * Reads the files again for every lookup, because they are small and containers rewrite them. An unreadable file counts
 * as empty. `localhost` and the names below it are this machine (RFC 6761, 6.3).
 */
export function localNames(files: { readonly hosts?: string; readonly resolver?: string } = {}): LocalNames {
  const { hosts = HOSTS_FILE, resolver = RESOLVER_FILE } = files;
  return {
    async addressesOf(hostname) {
      const name = canonicalName(hostname);
      const found = hostsIn(await linesOf(hosts), name);
      if (found.length > 0) return found;
      return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : undefined;
    },
    async candidatesFor(hostname) {
      if (hostname.endsWith('.')) return [hostname.slice(0, -1)];
      const longer = searchDomains(await linesOf(resolver)).map((domain) => `${hostname}.${domain}`);
      return hostname.includes('.') ? [hostname, ...longer] : [...longer, hostname];
    },
  };
}

function hostsIn(lines: readonly (readonly string[])[], name: string): HostAddress[] {
  return lines.flatMap(([address = '', ...names]) => {
    const family = isIP(address);
    return (family === 4 || family === 6) && names.some((one) => canonicalName(one) === name)
      ? [{ address, family }]
      : [];
  });
}

/** The last line counts (resolv.conf(5)); `domain` is an older word for a list of one. */
function searchDomains(lines: readonly (readonly string[])[]): readonly string[] {
  const [, ...domains] = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? [];
  return domains.filter((domain) => domain !== '.').map(canonicalName);
}

/** Words of each line, without comments. */
async function linesOf(path: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
}
