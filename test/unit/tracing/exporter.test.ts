import { OtlpExporter } from '../../../libs/tracing/src/exporter.js';
import type { Span } from '../../../libs/tracing/src/span.js';
import { startHttpServer } from '../../support/http-server.js';
import { until } from '../../support/until.js';

const span = (i: number): Span => ({
  name: 'GET /',
  kind: 'server',
  context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: i.toString(16).padStart(16, '0'), isSampled: true },
  startMs: 1,
  endMs: 2,
  attributes: {},
});

test('while the collector is away spans wait for its next turn, however many come', async () => {
  let posts = 0;
  const collector = await startHttpServer((request, response) => {
    posts++;
    request.resume().on('end', () => response.writeHead(503).end());
  });
  const url = `http://127.0.0.1:${collector.port}/v1/traces`;
  const exporter = new OtlpExporter({ url, headers: {}, resource: {}, version: '1', onLost: () => undefined });
  for (let i = 0; i < 600; i++) exporter.add(span(i));
  await until(() => posts === 1);
  for (let i = 0; i < 50; i++) {
    exporter.add(span(i));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(posts).toBe(1);
  await exporter.close();
  expect(posts).toBe(2);
  await collector.close();
});
