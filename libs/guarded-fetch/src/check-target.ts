import { isAllowedAddress, isPublicAddress, canonicalName, type AllowedHosts } from './address-policy.js';

/** One address of a host, from DNS or from a literal. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Who asks for a name, and until when. */
export interface NameQuestion {
  readonly signal: AbortSignal;
  /** All members of a group, such as an API key, share a bound of simultaneous lookups. */
  readonly group?: string;
}

/** All addresses of a name. Rejects or returns none when the name is unknown; stops when the signal aborts. */
export type Resolve = (hostname: string, question: NameQuestion) => Promise<readonly HostAddress[]>;

/** A URL that may be fetched, from these addresses and from no others. */
export type Target =
  | { readonly kind: 'allowed'; readonly url: URL; readonly addresses: readonly HostAddress[] }
  | { readonly kind: 'refused' | 'failed'; readonly why: string };

/**
 * Decides whether a URL may be fetched. Its host is resolved here and only here. Connect to the addresses of the
 * result, because the name server's answer may have changed by then (DNS rebinding). One address that is not allowed
 * refuses the whole name. `base` is the URL from which a redirect came.
 */
export async function checkTarget(
  text: string,
  guard: { readonly allowed: AllowedHosts; readonly resolve: Resolve; readonly question: NameQuestion },
  base?: URL,
): Promise<Target> {
  const parsed = parseUrl(text, base);
  if (!(parsed instanceof URL)) return parsed;
  const hostname = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const literal = familyOf(parsed.hostname);
  const addresses = literal ? [{ address: hostname, family: literal }] : await lookUp(hostname, guard);
  if (addresses.length === 0) return { kind: 'failed', why: `the host ${hostname} is not known` };
  const isNamed = guard.allowed.names.has(canonicalName(hostname));
  const isSafe = ({ address }: HostAddress): boolean =>
    isNamed || isPublicAddress(address) || isAllowedAddress(address, guard.allowed);
  if (!addresses.every(isSafe)) return { kind: 'refused', why: `the host ${hostname} is not on the public internet` };
  return { kind: 'allowed', url: parsed, addresses };
}

/**
 * Accepts only URLs that every URL parser reads in the same way, so the checked host is the host that is connected to.
 */
function parseUrl(text: string, base?: URL): URL | (Target & { kind: 'refused' }) {
  const refused = (why: string) => ({ kind: 'refused', why }) as const;
  if (text.length > URL_CHARS_MAX) return refused(`the URL is longer than ${URL_CHARS_MAX} characters`);
  // Some parsers treat a backslash as a slash, others as a letter; some drop spaces and control characters.
  if (/[\\\s\p{Cc}]/u.test(text)) return refused('the URL has a backslash, a space or a control character in it');
  if (!URL.canParse(text, base?.href)) return refused('it is not an absolute URL');
  const url = new URL(text, base?.href);
  url.hash = '';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refused('only http and https URLs are fetched');
  if (base?.protocol === 'https:' && url.protocol === 'http:') return refused('https may not redirect to http');
  if (url.username !== '' || url.password !== '') return refused('URLs with a user name or a password are not fetched');
  return url;
}

const URL_CHARS_MAX = 8_192;

async function lookUp(
  hostname: string,
  { resolve, question }: { readonly resolve: Resolve; readonly question: NameQuestion },
): Promise<readonly HostAddress[]> {
  try {
    return await resolve(hostname, question);
  } catch {
    // An unknown name, or no answer from the name server: the caller cannot tell them apart, and gets no details of our
    // network.
    return [];
  }
}

/**
 * Whether a URL names an address, or this machine, that may never be fetched: what can be told without asking anybody.
 * Any other name is checked when it is resolved.
 */
export function isRefusedHost(url: URL, allowed: AllowedHosts): boolean {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (allowed.names.has(canonicalName(hostname))) return false;
  if (familyOf(url.hostname)) return !isPublicAddress(hostname) && !isAllowedAddress(hostname, allowed);
  return /(^|\.)localhost$/.test(canonicalName(hostname));
}

/** The URL parser has turned every form of an IPv4 literal (0x7f.1, 2130706433, ...) into four decimal numbers. */
function familyOf(urlHostname: string): 4 | 6 | undefined {
  if (urlHostname.startsWith('[')) return 6;
  return /^\d+\.\d+\.\d+\.\d+$/.test(urlHostname) ? 4 : undefined;
}
