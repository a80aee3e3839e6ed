import { GatewayError } from '#libs/contract';
import { bearerToken, isSameSecret, mayReadMetrics, type MetricsAccess } from '#libs/platform';
import type { IncomingMessage } from 'node:http';
import type { FailedLogins } from './failed-logins.js';

/**
 * Routes that no ordinary key opens. METRICS_TOKEN opens the metrics and ADMIN_TOKEN the admin routes. When ADMIN_TOKEN
 * is set, keys with the role `admin` open the admin routes, too.
 */
export type OperatorArea = 'metrics' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set where a route is registered, so that no spelling of a path bypasses it. */
    operators?: OperatorArea;
    /** Probes only ask whether the service is up, so no log line is written. */
    isProbe?: boolean;
  }
}

export const DASHBOARD_PATH = '/admin/queues';

/** Browsers ask for the token as a password. Any user name is accepted. */
export const ADMIN_CHALLENGE = 'Basic realm="Talaria admin", charset="UTF-8"';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export interface OperatorSecrets {
  readonly metrics: MetricsAccess;
  /** Absent: the admin routes do not exist, and nothing opens them. */
  readonly adminToken?: string;
  isAdminKey(text: string): boolean;
}

/** Access control for the people who run the gateway. */
export class Operators {
  constructor(
    private readonly secrets: OperatorSecrets,
    private readonly failedLogins: FailedLogins,
  ) {}

  /**
   * Why this request is refused, or undefined when it may pass: `invalid_api_key`, `origin_not_allowed`, or
   * `rate_limit_exceeded` after too many wrong tokens from one address.
   */
  refusalOf(area: OperatorArea, request: IncomingMessage): GatewayError | undefined {
    const { authorization } = request.headers;
    const { metrics } = this.secrets;
    const isOpen = area === 'metrics' ? mayReadMetrics(metrics, authorization) : this.isAdmin(authorization);
    if (isOpen) return area === 'admin' && isForeignPage(request) ? foreignPage() : undefined;
    const tooMany = authorization === undefined ? undefined : this.failedLogins.add(request.socket.remoteAddress ?? '');
    return tooMany ?? new GatewayError('invalid_api_key', `This route asks for the ${area} token.`);
  }

  private isAdmin(authorization: string | undefined): boolean {
    const { adminToken } = this.secrets;
    if (adminToken === undefined || authorization === undefined) return false;
    const given = bearerToken(authorization) ?? basicPassword(authorization);
    return isSameSecret(given, adminToken) || this.secrets.isAdminKey(given);
  }
}

function basicPassword(authorization: string): string {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/**
 * A browser adds a Basic password to requests of every page, so a request that changes something must come from our own
 * page. Browsers set Sec-Fetch-Site themselves. A client that is no browser sends neither header.
 */
function isForeignPage({ method = '', headers }: IncomingMessage): boolean {
  if (READS.has(method)) return false;
  const { origin, host, 'sec-fetch-site': site } = headers;
  return site === undefined ? origin !== undefined && hostOf(origin) !== host : site !== 'same-origin';
}

const foreignPage = (): GatewayError =>
  new GatewayError('origin_not_allowed', 'This page may not use the admin routes.');

const hostOf = (origin: string): string => origin.slice(origin.indexOf('://') + 3);
