import { isNetworkVisible, type ApiConfig } from '#libs/config';
import { hostCheck, type HostCheck } from '#libs/platform';

export type { HostCheck } from '#libs/platform';

/** The check of the Host header for the API's own address. */
export function apiHostCheck({ host, allowedHosts }: Pick<ApiConfig, 'host' | 'allowedHosts'>): HostCheck {
  return hostCheck({ host, allowedHosts, isVisible: isNetworkVisible(host) });
}
