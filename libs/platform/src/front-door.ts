import { GatewayError, ERRORS, toRunError } from '#libs/contract';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';

/** Takes the Host header; says whether the request may go on. */
export type HostCheck = (host: string | undefined) => boolean;

/** Where a server listens, and the names that it is known by besides those of this machine. */
export interface Door {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  /** Whether others than this machine can reach the address. */
  readonly isVisible: boolean;
}

/**
 * Against DNS rebinding: a page on the web can make its own name point to 127.0.0.1, but not make the browser send
 * another Host. On a loopback address only names of this machine and configured names pass, with any port. On a
 * network-visible address keys protect, and the names it is reached by are not ours to know.
 */
export function hostCheck({ host, allowedHosts, isVisible }: Door): HostCheck {
  if (isVisible) return () => true;
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host, ...allowedHosts].map(bareName));
  // Every browser sends a Host; this check has nothing to say about an HTTP/1.0 client without one.
  return (header) => header === undefined || allowed.has(bareName(header));
}

/** `Name.:8642` -> `name`, `[::1]:8642` -> `::1`. */
function bareName(host: string): string {
  const name = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1] ?? (isBareIpv6(host) ? host : host.replace(/:\d*$/, ''));
  return name.toLowerCase().replace(/\.$/, '');
}

const isBareIpv6 = (host: string): boolean => host.indexOf(':') !== host.lastIndexOf(':');

/**
 * Throws GatewayError for a request with two Host headers (RFC 9112, 3.2): Node takes the first, a proxy in front may
 * have checked the second. @param rawHeaders names and values in turns.
 */
export function assertOneHost(rawHeaders: readonly string[]): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new GatewayError('invalid_request', 'A request has one Host header, not several.');
}

/** Throws GatewayError for a packed body: nothing here unpacks one, and what it holds would be read as JSON. */
export function assertPlainBody(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw new GatewayError(
    'unsupported_media_type',
    'The body must not be packed: send it as it is, without a Content-Encoding header.',
  );
}

/**
 * Keeps browsers out of a listener that only services, probes and scrapers use: foreign Host headers, any Origin, and
 * bodies other than plain JSON, which a page may send without asking first, are refused before a route is reached.
 */
export function closeToBrowsers(app: NestFastifyApplication, door: Door): void {
  const isAllowedHost = hostCheck(door);
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  instance.removeAllContentTypeParsers();
  // As before for keys named __proto__: they are data of users here, and nothing merges them into objects.
  instance.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    instance.getDefaultJsonParser('ignore', 'ignore'),
  );
  instance.addHook('onRequest', (request, reply, done) => {
    try {
      assertOneHost(request.raw.rawHeaders);
      if (!isAllowedHost(request.headers.host)) {
        throw new GatewayError('host_not_allowed', 'This server is not known by that name.');
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
