import { ERRORS, GatewayError, type ErrorCode } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { PROTOCOLS } from '#libs/protocols';
import { BadRequestException, NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { ErrorReplies } from '../../../../apps/api/src/edge/error-reply.js';

const replies = new ErrorReplies(PROTOCOLS, createLogger({ service: 'test', level: 'silent', pretty: false }));
const reply = (cause: unknown, path = '/v1/runs') => replies.replyTo(cause, { path, id: 'req_1' });
const fastifyError = (statusCode: number, message: string): Error => Object.assign(new Error(message), { statusCode });

test.each(Object.keys(ERRORS) as ErrorCode[])(
  '%s has its status, all four keys and the headers of its kind',
  (code) => {
    const { status, headers, body } = reply(new GatewayError(code, 'why', { param: 'p' }));
    expect(status).toBe(ERRORS[code].status);
    expect(body).toEqual({ error: { message: 'why', type: ERRORS[code].type, param: 'p', code } });
    expect(headers['x-should-retry']).toBe('retry' in ERRORS[code] ? 'false' : undefined);
    if (status === 429 || status === 503) expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
  },
);

test('Retry-After is a whole number of seconds', () => {
  const late = new GatewayError('queue_full', 'why', { retryAfterSeconds: 1.2 });
  expect(reply(late).headers['retry-after']).toBe('2');
  expect(reply(new GatewayError('invalid_request', 'why')).headers).toEqual({});
});

test.each([
  [fastifyError(413, 'Request body is too large'), 413, 'body_too_large'],
  [fastifyError(415, 'Unsupported Media Type: text/plain'), 415, 'unsupported_media_type'],
  [fastifyError(400, "'/%zz' is not a valid url component"), 400, 'invalid_request'],
  [new NotFoundException('Cannot GET /secret/path'), 404, 'not_found'],
  [new BadRequestException('inside'), 400, 'invalid_request'],
  [new ServiceUnavailableException('inside'), 503, 'unavailable'],
  [new Error('password=hunter2 at /srv/app'), 500, 'internal_error'],
  ['a string', 500, 'internal_error'],
  [undefined, 500, 'internal_error'],
])('what the framework throws is translated by status, and its text stays inside: %p', (cause, status, code) => {
  const answer = reply(cause);
  expect(answer.status).toBe(status);
  expect(answer.body).toMatchObject({ error: { code, param: null } });
  const text = JSON.stringify(answer.body);
  for (const inside of ['hunter2', 'inside', 'secret', '%zz', 'text/plain']) expect(text).not.toContain(inside);
});

test('the path of a protocol gets the shape of the protocol', () => {
  for (const protocol of PROTOCOLS) {
    const error = { code: 'invalid_request', message: 'why' } as const;
    for (const path of [protocol.path, ...(protocol.aliases ?? [])]) {
      expect(reply(new GatewayError(error.code, error.message), path).body).toEqual(
        protocol.error(error, { requestId: 'req_1' }),
      );
    }
  }
});

test('the report of a health check is not an error of the request', () => {
  const report = { status: 'error', info: {}, error: { redis: { status: 'down' } }, details: {} };
  expect(reply(new ServiceUnavailableException(report), '/health/ready')).toMatchObject({ status: 503, body: report });
});
