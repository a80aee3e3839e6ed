import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startCollector, type CollectedSpan, type OtlpCollector } from '../support/otlp-collector.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** One trace from a caller through the API, the queue and the worker to the model, over real processes. */
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER = `00-${TRACE_ID}-b7ad6b7169203331-01`;

let collector: OtlpCollector;
let upstream: FakeUpstream;
let stack: Stack;
beforeAll(async () => {
  collector = await startCollector();
  upstream = await startFakeUpstream();
  stack = await startStack({
    env: {
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      OPENAI_API_KEY: 'k',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
  await collector?.close();
});

const [api] = [() => stack.apis[0]?.url ?? ''];

test('the trace of a caller goes through the API, the queue, the worker and to the model', async () => {
  const answer = await fetch(`${api()}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: CALLER },
    body: JSON.stringify({ model: 'tools', messages: [{ role: 'user', content: 'what time is it, SECRET-WORD' }] }),
  });
  expect(answer.status).toBe(200);
  const ours = (): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === TRACE_ID);
  const named = (start: string): CollectedSpan[] => ours().filter(({ name }) => name.startsWith(start));
  await until(() => named('POST').length === 1 && named('invoke_agent').length === 1, { what: 'the spans' });
  const [http, agent, received] = [named('POST')[0], named('invoke_agent')[0], named('receive runs')[0]];
  expect(http).toMatchObject({ name: 'POST /v1/chat/completions', service: 'talaria-api' });
  expect(http?.parentSpanId).toBe('b7ad6b7169203331');
  expect([agent?.parentSpanId, received?.parentSpanId]).toEqual([http?.spanId, http?.spanId]);
  expect(agent?.service).toBe('talaria-worker');
  expect(agent?.attributes['talaria.run.id']).toBe(answer.headers.get('x-run-id'));
  const chats = named('chat');
  expect(chats).toHaveLength(2);
  expect(named('execute_tool')).toHaveLength(1);
  const sent = upstream.requests.map(({ headers }) => String(headers['traceparent']));
  expect(sent).toEqual(chats.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-01`));
  expect(JSON.stringify(ours())).not.toContain('SECRET-WORD');
});

test('probes are not told', async () => {
  await fetch(`${api()}/health/live`);
  await fetch(`${api()}/v1/models`);
  await until(() => collector.spans.some(({ name }) => name === 'GET /v1/models'));
  expect(collector.spans.filter(({ name }) => name.includes('/health'))).toEqual([]);
});
