import { isNetworkVisible, type ApiConfig } from '#libs/config';

/** Takes the Host header; says whether the request may go on. */
export type HostCheck = (host: string | undefined) => boolean;

/**
 * Against DNS rebinding: a page on the web can make its own name point to 127.0.0.1, but not make the browser send
 * another Host. While the API listens on loopback, only names of this machine and configured ones pass, with any port.
 * On a network-visible address keys protect, and the names it is reached by are not ours to know.
 */
export function hostCheck({ host, allowedHosts }: Pick<ApiConfig, 'host' | 'allowedHosts'>): HostCheck {
  if (isNetworkVisible(host)) return () => true;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host, ...allowedHosts].map(bareName));
  // Every browser sends a Host; an HTTP/1.0 client without one is not what this is about.
  return (header) => header === undefined || allowed.has(bareName(header));
}

/** `Name.:8642` -> `name`, `[::1]:8642` -> `::1`. */
function bareName(host: string): string {
  const name = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1] ?? (isBareIpv6(host) ? host : host.replace(/:\d*$/, ''));
  return name.toLowerCase().replace(/\.$/, '');
}

const isBareIpv6 = (host: string): boolean => host.indexOf(':') !== host.lastIndexOf(':');
