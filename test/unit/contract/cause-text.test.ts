import { causeText } from '#libs/contract';

const system = (fields: object): Error => Object.assign(new Error('system'), fields);

test.each<[error: unknown, text: string]>([
  [new Error('in words'), 'in words'],
  [
    new TypeError('fetch failed', { cause: system({ code: 'ECONNREFUSED', address: '127.0.0.1', port: 7831 }) }),
    'ECONNREFUSED 127.0.0.1:7831',
  ],
  [
    new TypeError('fetch failed', {
      cause: new AggregateError([system({ code: 'ECONNREFUSED', address: '::1', port: 80 })]),
    }),
    'ECONNREFUSED ::1:80',
  ],
  [new TypeError('fetch failed', { cause: system({ code: 'ENOTFOUND', hostname: 'no.such' }) }), 'ENOTFOUND no.such'],
  [system({ code: 'ENOENT', message: 'spawn nosuch ENOENT' }), 'spawn nosuch ENOENT'],
  [system({ code: 'UND_ERR_CONNECT_TIMEOUT', message: 'too late' }), 'UND_ERR_CONNECT_TIMEOUT: too late'],
  [system({ code: 'ERA_NEGOTIATION_FAILED', message: 'the server is odd' }), 'the server is odd'],
  ['a string', 'a string'],
  [undefined, 'undefined'],
])('%s is told as %j', (error, text) => {
  expect(causeText(error)).toBe(text);
});
