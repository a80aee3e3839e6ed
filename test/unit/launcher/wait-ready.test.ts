import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitReady } from '../../../apps/launcher/src/processes/wait-ready.js';

const answers: [status: number, body: string][] = [];
const server = createServer((_, response) => {
  const [status, body] = answers.length > 1 ? (answers.shift() ?? [200, '']) : (answers[0] ?? [200, '']);
  response.writeHead(status).end(body);
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health/ready`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  [
    'what is missing',
    JSON.stringify({ error: { models: { status: 'down', message: 'nobody lists any' } } }),
    'models: nobody lists any',
  ],
  ['the status of an answer without a reason', '<html>', 'status 503'],
  ['names alone', JSON.stringify({ error: { redis: { status: 'down' } } }), 'redis'],
])('a service that takes long is told of with %s', async (_, body, expected) => {
  answers.splice(0, answers.length, [503, body], [503, body], [503, body], [200, '{}']);
  const told: string[] = [];
  await waitReady({ url, signal: new AbortController().signal, onSlow: (__, last) => told.push(last), slowMs: 1 });
  expect(new Set(told)).toEqual(new Set([expected]));
});
