import { GatewayError, ERRORS, toRunError } from '#libs/contract';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';

/** Whether a request with this Host header may pass. */
export type HostCheck = (host: string | undefined) => boolean;

/** The address on which a server listens, and its names besides those of this machine. */
export interface Door {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  /** Whether other machines can reach the address. */
  readonly isVisible: boolean;
}

/**
 * Protects against DNS rebinding: a web page can make its own name point to 127.0.0.1, but it cannot make the browser
 * send another Host. On a loopback address only names of this machine and configured names pass, with any port. On a
 * network-visible address keys protect, and the names of that address are not known here.
 */
export function hostCheck({ host, allowedHosts, isVisible }: Door): HostCheck {
  if (isVisible) return () => true;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host, ...allowedHosts].map(bareName));
  // Every browser sends a Host, so an HTTP/1.0 client without one passes this check.
  return (header) => header === undefined || allowed.has(bareName(header));
}

/** What a request by a name that `hostCheck` does not take is told: which name, and which setting allows it. */
export function unknownHost(header: string | undefined): GatewayError {
  const name = JSON.stringify(bareName(header ?? '').slice(0, NAME_CHARS_MAX));
  return new GatewayError(
    'host_not_allowed',
    `This server is not known by the name ${name}. An operator allows it with API_SERVER_ALLOWED_HOSTS.`,
  );
}

const NAME_CHARS_MAX = 100;

/** `Name.:8642` -> `name`, `[::1]:8642` -> `::1`. */
function bareName(host: string): string {
  const name = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1] ?? (isBareIpv6(host) ? host : host.replace(/:\d*$/, ''));
  return name.toLowerCase().replace(/\.$/, '');
}

const isBareIpv6 = (host: string): boolean => host.indexOf(':') !== host.lastIndexOf(':');

/**
 * Throws GatewayError for a request with two Host headers (RFC 9112, 3.2), because Node uses the first, and a proxy may
 * have checked the second. @param rawHeaders names and values in turns.
 */
export function assertOneHost(rawHeaders: readonly string[]): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new GatewayError('invalid_request', 'A request has one Host header, not several.');
}

/** Throws GatewayError for a compressed body: no service unpacks one, and its bytes would be read as JSON. */
export function assertPlainBody(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw new GatewayError(
    'unsupported_media_type',
    'The body must not be packed: send it as it is, without a Content-Encoding header.',
  );
}

/**
 * Keeps browsers out of a listener for services, probes and scrapers only. Refuses foreign Host headers, any Origin,
 * and bodies other than plain JSON (which a page may send without a preflight), before a route is reached.
 */
export function closeToBrowsers(app: NestFastifyApplication, door: Door): void {
  const isAllowedHost = hostCheck(door);
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  instance.removeAllContentTypeParsers();
  // Like Fastify's parser, but accepts keys named __proto__: they are data of users here, and no code merges them into
  // objects.
  instance.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    instance.getDefaultJsonParser('ignore', 'ignore'),
  );
  instance.addHook('onRequest', (request, reply, done) => {
    try {
      assertOneHost(request.raw.rawHeaders);
      if (!isAllowedHost(request.headers.host)) {
        throw unknownHost(request.headers.host);
      }
      if (request.headers.origin !== undefined) {
        throw new GatewayError('origin_not_allowed', 'Pages have no business at this address.');
      }
      assertPlainBody(request.headers);
      done();
    } catch (cause) {
      refuse(reply, cause);
    }
  });
}

function refuse(reply: FastifyReply, cause: unknown): void {
  const { code, message } = toRunError(cause);
  const { status, type } = ERRORS[code];
  void reply.code(status).send({ error: { message, type, param: null, code } });
}
