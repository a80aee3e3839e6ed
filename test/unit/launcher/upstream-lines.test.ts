import { upstreamLines } from '../../../apps/launcher/src/upstream-lines.js';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';

let server: TestHttpServer;
let answer: (authorization: string | undefined) => readonly [status: number, body: string];

beforeAll(async () => {
  server = await startHttpServer((request, response) => {
    const [status, body] = answer(request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
});
afterAll(() => server?.close());

const look = (key?: string) =>
  upstreamLines({ origin: `http://127.0.0.1:${server.port}`, key, signal: new AbortController().signal });
const at = (name: string, more: object): object => ({
  name,
  address: `http://${name}/v1`,
  models: 0,
  error: null,
  ...more,
});

test('upstreams that serve and those that do not are told apart, the built-in model not at all', async () => {
  const upstreams = [
    at('one', { models: 1 }),
    at('two', { models: 2 }),
    at('far', { error: { code: 'upstream_unreachable', message: "Upstream 'far' cannot be reached." } }),
    at('demo', { address: null, models: 1 }),
  ];
  answer = (authorization) => (authorization === 'Bearer k' ? [200, JSON.stringify({ upstreams })] : [401, '{}']);
  expect(await look('k')).toEqual({
    serving: ["Upstream 'one' (http://one/v1) serves 1 model.", "Upstream 'two' (http://two/v1) serves 2 models."],
    failing: ["Upstream 'far' cannot be reached."],
  });
  expect(await look()).toEqual({ serving: [], failing: [] });
});

test('the first report of the workers is waited for, and what is no report is passed over', async () => {
  let asked = 0;
  answer = () => [200, JSON.stringify({ upstreams: ++asked < 3 ? [] : [at('one', { models: 1 })] })];
  expect((await look()).serving).toHaveLength(1);
  for (const body of ['', 'null', '[]', '{"upstreams":null}']) {
    answer = () => [200, body];
    expect(await look()).toEqual({ serving: [], failing: [] });
  }
});
