import { GatewayError } from '#libs/contract';
import { addressOf, emptyList, whyNoList } from '#libs/providers';
import { failureOf } from '../../../../libs/providers/src/upstream/failures.js';
import { AnswerRefused, TransportError } from '../../../../libs/providers/src/upstream/call-errors.js';
import { upstreamSettings } from '../../../support/model-lab.js';

const local = upstreamSettings('openai', { name: 'openai', baseUrl: 'http://127.0.0.1:11434/v1' });
const refusedConnection = Object.assign(new Error('connect'), {
  code: 'ECONNREFUSED',
  address: '127.0.0.1',
  port: 11434,
});
const answered = (status: number): AnswerRefused => new AnswerRefused(status, new Headers(), 'no');
const why = (cause: unknown, settings = local): GatewayError =>
  whyNoList(failureOf(cause, { name: settings.name, apiKey: settings.apiKey }), settings);

describe('why an upstream lists no models is said with what to look at', () => {
  test.each<[string, unknown, Partial<typeof local>, string, string]>([
    [
      'nobody at the address',
      new TransportError('unreachable', refusedConnection),
      {},
      'upstream_unreachable',
      "Upstream 'openai' (http://127.0.0.1:11434/v1) cannot be reached: ECONNREFUSED 127.0.0.1:11434.",
    ],
    [
      'a wrong key',
      answered(401),
      {},
      'upstream_auth_failed',
      "Upstream 'openai' (http://127.0.0.1:11434/v1) did not accept the API key (OPENAI_API_KEY or the settings file).",
    ],
    [
      'a wrong key of an upstream in the settings file',
      answered(403),
      { name: 'here' },
      'upstream_auth_failed',
      "Upstream 'here' (http://127.0.0.1:11434/v1) did not accept the API key.",
    ],
    [
      'an address without /v1',
      answered(404),
      { baseUrl: 'http://127.0.0.1:11434' },
      'upstream_refused',
      "Upstream 'openai' (http://127.0.0.1:11434) answered 404 where its list of models should be; " +
        "the address of most servers ends in '/v1', and this one does not.",
    ],
    [
      'a wrong path behind /v1',
      answered(404),
      {},
      'upstream_refused',
      "Upstream 'openai' (http://127.0.0.1:11434/v1) answered 404 where its list of models should be.",
    ],
    [
      'silence',
      new TransportError('timeout', new Error('late')),
      {},
      'upstream_timeout',
      "Upstream 'openai' (http://127.0.0.1:11434/v1) did not list its models in time.",
    ],
  ])('%s', (_what, cause, more, code, message) => {
    expect(why(cause, { ...local, ...more })).toMatchObject({ code, message });
  });

  test('no key where one is wanted', () => {
    const { apiKey: _, ...keyless } = local;
    expect(why(answered(401), keyless).message).toContain(
      'wants an API key (OPENAI_API_KEY or the settings file), and',
    );
  });

  test('an abort is no answer in time, and an empty list says what to do', () => {
    expect(whyNoList(AbortSignal.timeout(1), local).code).toBe('upstream_timeout');
    expect(emptyList(local).message).toContain('lists no models: load one there');
  });
});

test('an address is shown without credentials, query and fragment', () => {
  expect(addressOf({ provider: 'openai', baseUrl: 'https://me:secret@models.example/v1/?token=secret#x' })).toBe(
    'https://models.example/v1',
  );
  expect(addressOf({ provider: 'anthropic' })).toBe('https://api.anthropic.com');
  expect(addressOf({ provider: 'demo' })).toBeUndefined();
});
