import { traceparentNow, type RunEvent } from '#libs/contract';
import { startTracing, type Tracing } from '#libs/tracing';
import { parseTraceparent } from '../../../libs/tracing/src/context.js';
import { startCollector, type CollectedSpan, type OtlpCollector } from '../../support/otlp-collector.js';
import { runSpec } from '../../support/run-spec.js';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const USAGE = { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 0 };

let collector: OtlpCollector;
let closes: (() => Promise<void>)[];
let lost: object[];
beforeEach(async () => {
  collector = await startCollector();
  closes = [];
  lost = [];
});
afterEach(() => collector.close());

function start(more: { withContent?: boolean; ratio?: number; url?: string } = {}): Tracing {
  return startTracing({
    url: `${collector.url}/v1/traces`,
    headers: { 'x-token': 'secret' },
    resource: { 'deployment.environment.name': 'test' },
    service: 'worker',
    version: '1.2.3',
    ratio: 1,
    withContent: false,
    ...more,
    logger: { warn: (facts) => void lost.push(facts) },
    closers: {
      own(resource, close) {
        closes.push(() => close(resource));
        return resource;
      },
    },
  });
}

async function collected(): Promise<CollectedSpan[]> {
  for (const close of closes) await close();
  return collector.spans;
}

const EVENTS: readonly RunEvent[] = [
  { type: 'step.started', step: 1, model: 'large', upstream: 'up', attempts: 2 },
  { type: 'text.delta', step: 1, text: 'let me look' },
  { type: 'tool_call.ready', step: 1, callId: 'c1', name: 'docs__find', arguments: '{"q":"x"}', executedBy: 'server' },
  { type: 'tool.started', step: 1, callId: 'c1', name: 'docs__find' },
  { type: 'tool.completed', step: 1, callId: 'c1', name: 'docs__find', output: 'found', isError: true, durationMs: 4 },
  { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage: USAGE },
  { type: 'step.started', step: 2, model: 'large', upstream: 'up' },
  { type: 'step.completed', step: 2, finishReason: 'stop', usage: USAGE },
];

test('a request, its run, the calls of the model and its tools are one trace', async () => {
  const tracing = start();
  let spec = runSpec();
  const answered = tracing.request(CALLER, () => {
    spec = { ...runSpec({ sessionId: 's1' }), traceparent: traceparentNow() ?? '' };
  });
  const attempt = tracing.attempt(spec, 1);
  const sent: (string | undefined)[] = [];
  await attempt?.run(async () => {
    for (const event of EVENTS) {
      sent.push(traceparentNow());
      attempt.heard(event);
    }
  });
  attempt?.end({ type: 'run.completed', finishReason: 'stop' });
  answered({ method: 'POST', route: '/v1/chat/completions', status: 200, runId: spec.runId });
  const spans = await collected();
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
  const byName = (name: string): CollectedSpan => spans.find((span) => span.name === name) as CollectedSpan;
  const [http, agent] = [byName('POST /v1/chat/completions'), byName(`invoke_agent ${spec.model}`)];
  const chats = spans.filter(({ name }) => name === 'chat large');
  expect(http).toMatchObject({ parentSpanId: 'b7ad6b7169203331', kind: 2, service: 'talaria-worker' });
  expect(byName('receive runs')).toMatchObject({ parentSpanId: http.spanId, kind: 5 });
  expect(agent).toMatchObject({ parentSpanId: http.spanId });
  expect(agent.attributes).toMatchObject({ 'talaria.run.id': spec.runId, 'gen_ai.conversation.id': 's1' });
  expect(chats.map(({ parentSpanId }) => parentSpanId)).toEqual([agent.spanId, agent.spanId]);
  expect(chats[0]?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'up',
    'gen_ai.usage.input_tokens': '7',
    'talaria.upstream.requests': '2',
  });
  expect(byName('execute_tool docs__find')).toMatchObject({ parentSpanId: agent.spanId, status: { code: 2 } });
  // The first request to the model was made before its first event, under the span that then told of it.
  expect(sent[0]).toContain(chats[0]?.spanId);
  expect(sent[6]).toContain(chats[1]?.spanId);
  expect(JSON.stringify(spans)).not.toMatch(/let me look|"x"|found/);
  expect(collector.headers).toMatchObject({ 'x-token': 'secret' });
  expect(traceparentNow()).toBeUndefined();
});

test('content is told only when it was asked for', async () => {
  const tracing = start({ withContent: true });
  const attempt = tracing.attempt(runSpec(), 1);
  for (const event of EVENTS) attempt?.heard(event);
  attempt?.end({ type: 'run.completed', finishReason: 'stop' });
  const text = JSON.stringify(await collected());
  for (const said of ['let me look', 'found', 'gen_ai.input.messages', 'gen_ai.tool.call.arguments']) {
    expect(text).toContain(said);
  }
});

test('a model that failed before its first word, a run that moved on and one that was refused are told as such', async () => {
  const tracing = start();
  const failed = tracing.attempt(runSpec(), 1);
  failed?.end({ type: 'run.failed', error: { code: 'upstream_timeout', message: 'late' } });
  const left = tracing.attempt(runSpec(), 2);
  left?.heard(EVENTS[0] as RunEvent);
  left?.end('hand_back');
  const spans = await collected();
  const facts = spans.map(({ name, status, attributes }) => [
    name.split(' ')[0],
    status?.message,
    attributes['error.type'],
  ]);
  expect(facts).toEqual([
    ['receive', undefined, undefined],
    ['chat', 'upstream_timeout', 'upstream_timeout'],
    ['invoke_agent', 'upstream_timeout', 'upstream_timeout'],
    ['chat', 'hand_back', 'hand_back'],
    ['invoke_agent', undefined, undefined],
  ]);
});

test('each occurrence of a job is a trace of its own, which its run and its deliveries join', async () => {
  const tracing = start();
  const runs = [runSpec({ jobId: 'job_1' }), runSpec({ jobId: 'job_1' })];
  for (const { runId } of runs) {
    tracing.occurrence(runId, { startMs: 1, endMs: 2 }, { jobId: 'job_1', scheduledFor: '2026-01-01T00:00:00.000Z' });
  }
  const [first] = runs as [ReturnType<typeof runSpec>];
  tracing.attempt(first, 1)?.end({ type: 'run.completed', finishReason: 'stop' });
  let header: string | undefined;
  const deliver = async (): Promise<string> => (header = traceparentNow() ?? '');
  await tracing.delivery(first.runId, 'webhook', deliver, () => false);
  const spans = await collected();
  const [one, two] = spans.filter(({ name }) => name === 'job occurrence') as [CollectedSpan, CollectedSpan];
  expect(one.traceId).not.toBe(two.traceId);
  const joined = spans.filter((span) => span.traceId === one.traceId && span !== one);
  expect(joined.map(({ name }) => name.split(' ')[0])).toEqual(['receive', 'invoke_agent', 'deliver']);
  expect(new Set(joined.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([one.spanId]));
  expect(header).toBe(`00-${one.traceId}-${joined[2]?.spanId}-01`);
});

test('who sends a traceparent has decided; else the ratio does, alike in every process', async () => {
  const never = start({ ratio: 0 });
  expect(never.attempt(runSpec(), 1)).toBeUndefined();
  expect(never.attempt({ ...runSpec(), traceparent: CALLER }, 1)).toBeDefined();
  const half = start({ ratio: 0.5 });
  const other = start({ ratio: 0.5 });
  const specs = Array.from({ length: 200 }, () => runSpec());
  const kept = specs.filter((spec) => half.attempt(spec, 2));
  expect(specs.filter((spec) => other.attempt(spec, 2))).toEqual(kept);
  expect(kept.length).toBeGreaterThan(50);
  expect(kept.length).toBeLessThan(150);
});

test.each([
  undefined,
  '',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  `${CALLER}-more`,
])('a traceparent of %p begins a trace of its own', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test('a collector that cannot be reached costs one line, and nothing waits for it', async () => {
  const tracing = start({ url: 'http://127.0.0.1:1/v1/traces' });
  for (let i = 0; i < 3_000; i++) tracing.attempt(runSpec(), 2)?.end('parked');
  await collected();
  expect(lost).toHaveLength(1);
});

test('spans wait for a collector that asks for time, and are given up for one that refuses them', async () => {
  const tracing = start();
  collector.status = 400;
  tracing.attempt(runSpec(), 2)?.end('parked');
  expect(await collected()).toEqual([]);
  expect(lost).toEqual([{ why: 'the collector answered 400', spans: 1 }]);
});
