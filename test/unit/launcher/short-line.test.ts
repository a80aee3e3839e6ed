import { logStyle, Printer } from '../../../apps/launcher/src/console/print.js';
import { shortLine } from '../../../apps/launcher/src/console/short-line.js';

const RUN = 'run_5a01616fc8014415bbed117b31603b4a';
const TIME = new Date(2026, 10, 30, 18, 3, 37).getTime();
const line = (fields: object): string => JSON.stringify({ level: 30, time: TIME, service: 'api', pid: 7, ...fields });
const request = (fields: object): string =>
  line({
    requestId: 'req_5e0a8ae6-f03a-4656-94c0-cb0c835007a3',
    runId: RUN,
    keyName: 'local',
    method: 'POST',
    route: '/v1/chat/completions',
    status: 200,
    ms: 1_040,
    whole: true,
    msg: 'request',
    ...fields,
  });

describe('a request on a terminal', () => {
  test('is one short line', () => {
    expect(shortLine(request({}))).toBe('18:03:37 POST /v1/chat/completions 200 1.0s run_5a01616f.. (local)');
  });

  test('without a run and a key has none in its line', () => {
    const shown = shortLine(request({ runId: undefined, keyName: undefined, route: '/api/jobs', status: 201, ms: 12 }));
    expect(shown).toBe('18:03:37 POST /api/jobs 201 12ms');
  });

  test('says when the client left', () => {
    expect(shortLine(request({ whole: false, status: 499 }))).toContain(' 499 1.0s the client left run_');
  });

  test.each(['GET', 'HEAD', 'OPTIONS'])('%s is shown only when it failed', (method) => {
    expect(shortLine(request({ method }))).toBeUndefined();
    expect(shortLine(request({ method, status: 304 }))).toBeUndefined();
    expect(shortLine(request({ method, status: 404 }))).toContain(`${method} /v1/chat/completions 404`);
  });

  test('with a wrong key says from where', () => {
    expect(shortLine(request({ status: 401, remote: '10.1.2.3' }))).toContain(' 401 1.0s from 10.1.2.3 ');
  });

  test('cannot write control characters', () => {
    expect(shortLine(request({ keyName: 'a\u001b[2J\nb' }))).toContain('(a [2J b)');
  });
});

describe('a run on a terminal', () => {
  const run = (fields: object): string =>
    line({ runId: RUN, keyName: 'local', attempt: 1, outcome: 'completed', seconds: 2.276, msg: 'run', ...fields });

  test('that completed has the line of its request and no other', () => {
    expect(shortLine(run({}))).toBeUndefined();
  });

  test('that did not says why', () => {
    expect(shortLine(run({ outcome: 'failed', code: 'upstream_error' }))).toBe(
      '18:03:37 run_5a01616f.. failed upstream_error 2.3s (local)',
    );
    expect(shortLine(run({ outcome: 'parked' }))).toContain('waits for an approval');
    expect(shortLine(run({ outcome: 'failed', attempt: 2 }))).toContain('(attempt 2)');
  });
});

test('the routine of starts and stops is not shown, all else as it was', () => {
  for (const msg of ['store is listening', 'api is draining', 'api has stopped']) {
    expect(shortLine(line({ msg }))).toBeUndefined();
  }
  expect(shortLine('32034:C 30 Nov 2026 18:02:30.676 # Reading config from stdin')).toBeUndefined();
  expect(shortLine(line({ msg: 'a neighbour answers again', neighbour: 'store' }))).toBe(
    '18:03:37 info a neighbour answers again neighbour=store',
  );
  expect(shortLine(line({ level: 40, msg: 'request' }))).toBe('18:03:37 WARN request');
  for (const other of ['plain words', '{"level":30', '{"level":30}x']) expect(shortLine(other)).toBe(other);
});

test.each([
  [{}, true, 'short'],
  [{}, false, 'full'],
  [{ LOG_LEVEL: 'debug' }, true, 'full'],
  [{ LOG_LEVEL: 'warn' }, true, 'short'],
  [{ LOG_PRETTY: 'false' }, true, 'raw'],
])('with %j and a terminal: %s, logs are %s', (env, isTerminal, style) => {
  expect(logStyle(env, isTerminal)).toBe(style);
});

test('raw lines stay JSON, every field of them', () => {
  const out = { text: '', writableLength: 0, write: (text: string) => (out.text += text) };
  new Printer(out, out, 'raw').prefixed('api').write(Buffer.from(`${request({})}\n`));
  expect(out.text).toBe(`[api] ${request({})}\n`);
});
