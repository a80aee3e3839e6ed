import { isNetworkVisible, type ApiConfig } from '#libs/config';
import { hostCheck as checkOfDoor, type HostCheck } from '#libs/platform';

export type { HostCheck } from '#libs/platform';

/** The check of the Host header for the API's own address. */
export function hostCheck({ host, allowedHosts }: Pick<ApiConfig, 'host' | 'allowedHosts'>): HostCheck {
  return checkOfDoor({ host, allowedHosts, isVisible: isNetworkVisible(host) });
}
