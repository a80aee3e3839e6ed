import {
  EMPTY_SNAPSHOT,
  fold,
  foldAll,
  hasEnded,
  NO_USAGE,
  outputText,
  type LoggedEvent,
  type RunEvent,
} from '#libs/contract';

const log = (...events: RunEvent[]): LoggedEvent[] =>
  events.map((event, i) => ({ seq: i + 1, at: 1_000 + i, ...event }));

const queued: RunEvent = {
  type: 'run.queued',
  runId: 'run_1',
  protocol: 'openai-chat',
  owner: 'alice',
  model: 'demo',
  echo: { includeUsage: true },
};
const started: RunEvent = { type: 'run.started', attempt: 1, worker: 'w' };
const step = (n: number): RunEvent => ({ type: 'step.started', step: n, model: 'm', upstream: 'u' });
const text = (n: number, words: string): RunEvent => ({ type: 'text.delta', step: n, text: words });
const usage = { inputTokens: 3, outputTokens: 2, cachedInputTokens: 1, reasoningTokens: 0 };

describe('fold', () => {
  test('rebuilds a run with a tool step', () => {
    const call = { step: 1, callId: 'c1', name: 'clock' } as const;
    const snapshot = foldAll(
      log(
        queued,
        started,
        step(1),
        text(1, 'Let me '),
        text(1, 'look.'),
        { type: 'tool_call.started', ...call, executedBy: 'server' },
        { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: '{"a"' },
        { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: ':1}' },
        { type: 'tool_call.ready', ...call, arguments: '{"a":1}', executedBy: 'server' },
        { type: 'tool.started', ...call },
        { type: 'tool.completed', ...call, output: 'noon', isError: false, durationMs: 5 },
        { type: 'step.completed', step: 1, finishReason: 'tool_calls', usage },
        step(2),
        text(2, 'It is noon.'),
        { type: 'step.completed', step: 2, finishReason: 'stop', usage },
        { type: 'run.completed', finishReason: 'stop' },
      ),
    );
    expect(snapshot).toMatchObject({
      runId: 'run_1',
      owner: 'alice',
      status: 'completed',
      attempt: 1,
      lastSeq: 16,
      createdAt: 1_000,
      startedAt: 1_001,
      endedAt: 1_015,
      finishReason: 'stop',
      usage: { inputTokens: 6, outputTokens: 4, cachedInputTokens: 2, reasoningTokens: 0 },
    });
    expect(snapshot.items).toEqual([
      { type: 'text', step: 1, status: 'completed', text: 'Let me look.' },
      {
        type: 'tool_call',
        ...call,
        status: 'completed',
        arguments: '{"a":1}',
        executedBy: 'server',
        ready: true,
        dispatched: true,
        output: 'noon',
        isError: false,
        durationMs: 5,
      },
      { type: 'text', step: 2, status: 'completed', text: 'It is noon.' },
    ]);
    expect(outputText(snapshot)).toBe('Let me look.\n\nIt is noon.');
  });

  test('what one step says is one text, whatever comes in between', () => {
    const thought: RunEvent = { type: 'reasoning.delta', step: 1, text: 'hm' };
    expect(outputText(foldAll(log(queued, started, step(1), text(1, 'a'), thought, text(1, 'b'))))).toBe('ab');
  });

  test('an interrupted step leaves its items out of the answer', () => {
    const snapshot = foldAll(
      log(
        queued,
        started,
        step(1),
        text(1, 'half an ans'),
        { type: 'run.started', attempt: 2, worker: 'w2' },
        { type: 'step.interrupted', step: 1, reason: 'worker_lost' },
        step(2),
        text(2, 'whole'),
        { type: 'step.completed', step: 2, finishReason: 'stop', usage: NO_USAGE },
      ),
    );
    expect(outputText(snapshot)).toBe('whole');
    expect(snapshot.items[0]).toMatchObject({ status: 'interrupted', text: 'half an ans' });
    expect(snapshot).toMatchObject({ status: 'running', attempt: 2, startedAt: 1_001 });
  });

  test.each([
    [
      { type: 'run.incomplete', reason: 'max_steps' },
      { status: 'incomplete', incompleteReason: 'max_steps' },
    ],
    [
      { type: 'run.cancelled', reason: 'requested' },
      { status: 'cancelled', cancelReason: 'requested' },
    ],
    [
      { type: 'run.failed', error: { code: 'upstream_cut', message: 'x' } },
      { status: 'failed', error: { code: 'upstream_cut', message: 'x' } },
    ],
  ] as const)('%j ends a run', (event, expected) => {
    const snapshot = foldAll(log(queued, event));
    expect(snapshot).toMatchObject(expected);
    expect(hasEnded(snapshot)).toBe(true);
  });

  test('does not touch the snapshot it is given', () => {
    const events = log(queued, started, step(1), text(1, 'a'));
    const before = foldAll(events);
    const copy = structuredClone(before);
    fold(before, { seq: 5, at: 9, ...text(1, 'b') } as LoggedEvent);
    expect(before).toEqual(copy);
    expect(EMPTY_SNAPSHOT.items).toEqual([]);
  });

  test('logprobs are collected', () => {
    const first: RunEvent = { type: 'text.delta', step: 1, text: 'a', logprobs: [{ token: 'a' }] };
    const second: RunEvent = { type: 'text.delta', step: 1, text: 'b', logprobs: [{ token: 'b' }] };
    const snapshot = foldAll(log(queued, started, step(1), first, second));
    expect(snapshot.items[0]).toMatchObject({ text: 'ab', logprobs: [{ token: 'a' }, { token: 'b' }] });
  });
});

test('folding many at once gives what folding one by one gives', () => {
  const usual: RunEvent[] = [
    text(1, 'a'),
    text(1, 'b'),
    text(2, 'c'),
    { type: 'text.delta', step: 1, text: 'd', logprobs: [{ token: 'd' }] },
    { type: 'reasoning.delta', step: 1, text: 'e' },
    { type: 'refusal.delta', step: 2, text: 'f' },
    step(2),
    { type: 'tool.progress', step: 1, callId: 'c', text: 'm' },
    { type: 'step.completed', step: 1, finishReason: 'stop', usage },
  ];
  let random = 7;
  const draw = (): number => (random = (random * 48_271) % 2_147_483_647);
  for (let round = 0; round < 300; round++) {
    const drawn = Array.from({ length: 40 }, () => usual[draw() % usual.length] ?? started);
    const events = log(queued, started, step(1), ...drawn, { type: 'run.completed', finishReason: 'stop' });
    const cut = draw() % events.length;
    const oneByOne = events.reduce(fold, EMPTY_SNAPSHOT);
    expect(foldAll(events.slice(cut), foldAll(events.slice(0, cut)))).toEqual(oneByOne);
  }
});
