import { createProvider } from '#libs/providers';
import type { Message, ModelEvent, ModelProvider, UpstreamAsk } from '#libs/contract';
import { DONE, news, open, said, startFakeGateway, whole, type FakeGateway } from '../../support/fake-gateway.js';
import { gatewayError, listen, question, upstreamSettings } from '../../support/model-lab.js';
import { until } from '../../support/until.js';

let gateway: FakeGateway;
let provider: ModelProvider;
beforeEach(async () => {
  gateway = await startFakeGateway();
  provider = createProvider(upstreamSettings('gateway', { baseUrl: `${gateway.url}/v1` }));
});
afterEach(() => gateway.stop());

const running = (toolCallId: string, tool = 'search', more: object = {}): string =>
  news({ tool, emoji: '*', label: 'athens', toolCallId, status: 'running', ...more });
const completed = (toolCallId: string, more: object = {}): string =>
  news({ tool: 'search', toolCallId, status: 'completed', ...more });
const tools = (events: readonly ModelEvent[]): ModelEvent[] => events.filter(({ type }) => type.startsWith('own_tool'));

test('words, reasoning, tools in their places, and usage', async () => {
  gateway.answer = whole(
    said({ role: 'assistant', content: '' }),
    said({ reasoning_content: 'Hm.' }),
    said({ content: 'Let me see.' }),
    running('c1'),
    completed('c1', { is_error: true, duration: 1.5 }),
    said({ content: '\n\nIt is' }),
    said({ content: '\n\nwarm.' }),
    said({}, 'stop'),
    DONE,
  );
  const { events, text, reasoning, end, error } = await listen(provider, question('agent'));
  expect(error).toBeUndefined();
  expect(reasoning).toBe('Hm.');
  // Only the gateway's separator of steps is gone.
  expect(text).toBe('Let me see.It is\n\nwarm.');
  expect(tools(events)).toEqual([
    { type: 'own_tool', callId: 'c1', name: 'search', about: 'athens' },
    { type: 'own_tool_end', callId: 'c1', isError: true, durationMs: 1_500 },
  ]);
  expect(events.findIndex(({ type }) => type === 'own_tool')).toBe(2);
  expect(end).toMatchObject({
    finishReason: 'stop',
    usage: { inputTokens: 90, outputTokens: 8, cachedInputTokens: 60, reasoningTokens: 3 },
  });
  expect(gateway.stopped).toEqual([]);
});

test('tools side by side are told apart by id; without ids by name, the first that is open', async () => {
  gateway.answer = whole(
    running('c1'),
    running('c2'),
    completed('c2'),
    completed('c1'),
    completed('c9'),
    news({ tool: 'read', status: 'running', label: 'a' }),
    news({ tool: 'read', status: 'running', label: 'b' }),
    news({ tool: 'read', status: 'failed' }),
    news({ tool: 'read', status: 'success' }),
    said({ content: 'ok' }, 'stop'),
    DONE,
  );
  const { events } = await listen(provider, question('agent'));
  expect(tools(events)).toEqual([
    { type: 'own_tool', callId: 'c1', name: 'search', about: 'athens' },
    { type: 'own_tool', callId: 'c2', name: 'search', about: 'athens' },
    { type: 'own_tool_end', callId: 'c2', isError: false },
    { type: 'own_tool_end', callId: 'c1', isError: false },
    { type: 'own_tool', callId: 'tool_3', name: 'read', about: 'a' },
    { type: 'own_tool', callId: 'tool_4', name: 'read', about: 'b' },
    { type: 'own_tool_end', callId: 'tool_3', isError: true },
    { type: 'own_tool_end', callId: 'tool_4', isError: false },
  ]);
});

test('the first versions of Hermes tell of beginnings alone; hidden tools stay hidden, thinking is reasoning', async () => {
  gateway.answer = whole(
    news({ tool: 'read', emoji: '*', label: 'read' }),
    news({ tool: 'write', emoji: '*', label: 'b.txt' }),
    news({ tool: '_internal', label: 'x', status: 'running' }),
    news({ tool: '_thinking', label: 'Well.' }),
    'event: hermes.tool.progress\ndata: {"tool": broken\n\n',
    said({ content: 'ok' }, 'stop'),
    DONE,
  );
  const { events, reasoning, error } = await listen(provider, question('agent'));
  expect(error).toBeUndefined();
  expect(reasoning).toBe('Well.');
  expect(tools(events)).toEqual([
    { type: 'own_tool', callId: 'tool_1', name: 'read' },
    { type: 'own_tool_end', callId: 'tool_1', isError: false },
    { type: 'own_tool', callId: 'tool_2', name: 'write', about: 'b.txt' },
  ]);
});

test('a call that waits for an approval there is shown, with the name of the request', async () => {
  gateway.answer = whole(
    news({ tool: 'terminal', toolCallId: 'c1', status: 'waiting_for_approval', request_id: 'apr_1' }),
    news({ tool: 'terminal', toolCallId: 'c1', status: 'approved', request_id: 'apr_1' }),
    news({ tool: 'terminal', toolCallId: 'c1', status: 'running' }),
    news({ tool: 'terminal', toolCallId: 'c1', status: 'completed' }),
    said({ content: 'ok' }, 'stop'),
    DONE,
  );
  const { events } = await listen(provider, question('agent'));
  expect(tools(events)).toEqual([
    { type: 'own_tool', callId: 'c1', name: 'terminal' },
    {
      type: 'own_tool_progress',
      callId: 'c1',
      text: 'waiting for approval (request apr_1 of run run_theirs of the upstream)',
    },
    { type: 'own_tool_progress', callId: 'c1', text: 'approved (request apr_1 of run run_theirs of the upstream)' },
    { type: 'own_tool_end', callId: 'c1', isError: false },
  ]);
});

describe('an approval there that can be answered', () => {
  const asking = (more: object = {}): string =>
    news({
      tool: 'terminal',
      label: 'ls',
      toolCallId: 'c1',
      status: 'waiting_for_approval',
      request_id: 'apr_1',
      approval_choices: ['once', 'session', 'deny'],
      expires_at: Date.now() / 1_000 + 60,
      ...more,
    });
  const rest = [running('c1', 'terminal'), completed('c1'), said({ content: 'ok' }, 'stop'), DONE];
  const asks = async (): Promise<UpstreamAsk> => {
    gateway.answer = whole(asking(), ...rest);
    const { events } = await listen(provider, question('agent'));
    const [begun] = tools(events);
    if (begun?.type !== 'own_tool' || !begun.asks) throw new Error('nobody is asked');
    return begun.asks;
  };

  test.each([
    ['approved', { choice: 'session', by: 'user' }, { decision: 'session', by: 'user' }],
    ['denied', { choice: 'deny', by: 'timeout' }, { decision: 'deny', by: 'timeout' }],
    ['approved', {}, { decision: 'once', by: 'user' }],
    ['running', {}, { decision: 'once', by: 'user' }],
  ])('asks, and is answered with the news %s %j', async (status, more, answer) => {
    const told = news({ tool: 'terminal', toolCallId: 'c1', status, request_id: 'apr_1', ...more });
    gateway.answer = whole(asking(), asking(), told, ...rest);
    const { events } = await listen(provider, question('agent'));
    expect(tools(events)).toMatchObject([
      { type: 'own_tool', callId: 'c1', name: 'terminal', about: 'ls', asks: { secondsMax: expect.any(Number) } },
      { type: 'own_tool_answered', callId: 'c1', ...answer },
      { type: 'own_tool_end', callId: 'c1' },
    ]);
    expect(gateway.asked[0]?.headers['x-hermes-client']).toBe('talaria');
  });

  test('gets the answer by its run and request; a choice that it does not offer is given as once', async () => {
    const { answer } = await asks();
    const { signal } = new AbortController();
    for (const decision of ['deny', 'session', 'always'] as const) await answer(decision, signal);
    expect(gateway.answered.map(({ path }) => path)).toEqual(Array(3).fill('/v1/runs/run_theirs/approval'));
    expect(gateway.answered.map(({ body }) => body)).toEqual([
      { choice: 'deny', request_id: 'apr_1' },
      { choice: 'session', request_id: 'apr_1' },
      { choice: 'once', request_id: 'apr_1' },
    ]);
  });

  test('a gateway that has another answer has heard ours; one that fails or is busy is to be told again', async () => {
    const { answer } = await asks();
    const { signal } = new AbortController();
    gateway.answerStatus.push(409, 503, 429);
    await expect(answer('once', signal)).resolves.toBeUndefined();
    await expect(answer('once', signal)).rejects.toThrow();
    await expect(answer('once', signal)).rejects.toThrow();
  });

  test.each([
    ['no choices', { approval_choices: undefined }],
    ['no end', { expires_at: undefined }],
    ['an end in the past', { expires_at: 1 }],
    ['a name that is no name', { request_id: '../stop' }],
    ['no name', { request_id: undefined }],
  ])('with %s is told in words', async (_, more) => {
    gateway.answer = whole(asking(more), ...rest);
    const { events } = await listen(provider, question('agent'));
    expect(tools(events)).toMatchObject([
      { type: 'own_tool' },
      { type: 'own_tool_progress', text: expect.stringContaining('waiting for approval') },
      { type: 'own_tool_end' },
    ]);
    expect(tools(events)[0]).not.toHaveProperty('asks');
  });

  test('of a run without a name is told in words', async () => {
    gateway.runId = undefined;
    gateway.answer = whole(asking(), ...rest);
    const { events } = await listen(provider, question('agent'));
    expect(tools(events)[0]).not.toHaveProperty('asks');
  });
});

test.each([
  ['no finish reason', [said({ content: 'Half' })]],
  ['a finish reason and no [DONE]', [said({ content: 'Half' }, 'stop')]],
  ['an error in front of [DONE]', [said({ content: 'Half' }), 'data: {"error":{"message":"No."}}\n\ndata: [DONE]\n\n']],
  ['the finish reason error', [said({ content: 'Half' }), said({}, 'error'), DONE]],
])('a body that ends with %s is a failure, and their run is stopped', async (_, frames) => {
  gateway.answer = whole(...frames);
  const heard = await listen(provider, question('agent'));
  expect(heard.text).toBe('Half');
  expect(gatewayError(heard).code).toMatch(/^upstream_(cut|error)$/);
  expect(heard.end).toBeUndefined();
  await until(async () => gateway.stopped.length === 1);
});

test('our stop is their stop, by the id of their run; without one the socket is closed alone', async () => {
  gateway.answer = open(said({ content: 'Half' }));
  for (const runId of ['run_theirs', undefined, '../../admin']) {
    gateway.runId = runId;
    const abort = new AbortController();
    const stream = provider.stream(question('agent', { signal: abort.signal }))[Symbol.asyncIterator]();
    await stream.next();
    const next = stream.next();
    abort.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  }
  await until(async () => gateway.stopped.length > 0);
  expect(gateway.stopped).toEqual(['run_theirs']);
});

test('ours are not offered to it, the tools of the caller are', async () => {
  gateway.answer = whole(said({ content: 'ok' }, 'stop'), DONE);
  const [ours, theirs] = [{ name: 'current_time' }, { name: 'lookup' }];
  await listen(provider, question('agent', { tools: [ours, theirs], callerTools: [theirs] }));
  const named = { kind: 'named', name: 'current_time' } as const;
  await listen(provider, question('agent', { tools: [ours], callerTools: [], toolChoice: named }));
  const [first, second] = gateway.asked.map(({ body }) => body);
  expect(first?.['tools']).toMatchObject([{ function: { name: 'lookup' } }]);
  expect(second).not.toHaveProperty('tools');
  expect(second).not.toHaveProperty('tool_choice');
});

describe('the session', () => {
  const session = { owner: 'ann', id: 'trip' };
  const user: Message = { role: 'user', content: 'Hi' };
  const answered = (upstream = 'lab', sessionId = 'trip'): Message => ({
    role: 'assistant',
    text: 'Ho',
    toolCalls: [],
    saidBy: { upstream, sessionId },
  });
  const called = (name: string): Message[] => [
    {
      role: 'assistant',
      text: '',
      toolCalls: [{ callId: 'c', name, arguments: '{}' }],
      saidBy: { upstream: 'lab', sessionId: 'trip' },
    },
    { role: 'tool', callId: 'c', output: '5' },
  ];
  const headersOf = async (overrides: Parameters<typeof question>[1]) => {
    gateway.answer = whole(said({ content: 'ok' }, 'stop'), DONE);
    await listen(provider, question('agent', { session, callerTools: [{ name: 'lookup' }], ...overrides }));
    return gateway.asked.at(-1)?.headers ?? {};
  };

  test.each<[string, Message[]]>([
    ['the first turn', [user]],
    ['a turn behind its own', [user, answered(), user]],
    ['results of the caller', [user, ...called('lookup')]],
  ])('%s is a turn of their session', async (_, messages) => {
    const name = (await headersOf({ messages }))['x-hermes-session-id'];
    expect(name).toMatch(/^[0-9a-f]{12}-trip$/);
    // All our keys are one key to the gateway.
    const other = await headersOf({ messages: [user], session: { ...session, owner: 'bob' } });
    expect(other['x-hermes-session-id']).not.toBe(name);
  });

  test.each<[string, Parameters<typeof question>[1]]>([
    ['no session', { messages: [user], session: undefined as never }],
    ['an answer of another upstream', { messages: [user, answered('other'), user] }],
    ['an answer in the session that was forked', { messages: [user, answered('lab', 'earlier'), user] }],
    ['a turn that nobody answered', { messages: [user, user] }],
    ['a run that goes on behind a tool of theirs', { messages: [user, ...called('search')] }],
  ])('%s: their history may lack something, so ours is sent without the name', async (_, overrides) => {
    const headers = await headersOf(overrides);
    expect(headers).not.toHaveProperty('x-hermes-session-id');
    expect(headers['x-session-affinity']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('without a key the session is not named: it would be refused', async () => {
    const { apiKey: _, ...open } = upstreamSettings('gateway', { baseUrl: gateway.url });
    provider = createProvider(open);
    expect(await headersOf({ messages: [user] })).not.toHaveProperty('x-hermes-session-id');
  });
});
