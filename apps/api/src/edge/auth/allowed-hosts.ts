import { isNetworkVisible, type ApiConfig } from '#libs/config';
import { hostCheck, unknownHost, type HostCheck, type Logger } from '#libs/platform';

export type { HostCheck } from '#libs/platform';

/** Names that a log line is written for; a page that tries names must not fill the log. */
const NAMES_TOLD_MAX = 20;

/**
 * The check of the Host header for the API's own address. A name that is refused is logged once, as a warning: most
 * often it is the operator's own, of a container or of the network.
 */
export function apiHostCheck(
  { host, allowedHosts }: Pick<ApiConfig, 'host' | 'allowedHosts'>,
  logger?: Pick<Logger, 'warn'>,
): HostCheck {
  const isAllowed = hostCheck({ host, allowedHosts, isVisible: isNetworkVisible(host) });
  const told = new Set<string>();
  return (header) => {
    if (isAllowed(header)) return true;
    const { message } = unknownHost(header);
    if (!told.has(message) && told.size < NAMES_TOLD_MAX) {
      told.add(message);
      logger?.warn(message);
    }
    return false;
  };
}
