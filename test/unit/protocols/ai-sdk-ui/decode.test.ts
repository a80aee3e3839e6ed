import { GatewayError, LIMITS, type RunDraft } from '#libs/contract';
import { parseDto } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';

const ui = protocolNamed('ai-sdk-ui');
const RUN = `run_${'0a'.repeat(16)}`;

function dtoOf(body: object): object {
  return parseDto(ui.dto, JSON.parse(JSON.stringify(body)));
}

function decode(body: object): RunDraft {
  return ui.decode(dtoOf(body), { hermesClient: false, messageTextCharsMax: LIMITS.messageTextCharsMax });
}

const said = (...parts: object[]) => ({ id: 'u', role: 'user', parts });
const answered = (...parts: object[]) => ({ id: 'a', role: 'assistant', parts });
const text = (words: string) => ({ type: 'text', text: words });
const tool = (callId: string, fields: object) => ({
  type: 'dynamic-tool',
  toolName: 'clock',
  toolCallId: callId,
  input: { zone: 'UTC' },
  ...fields,
});

describe('what useChat sends', () => {
  test('is a run that streams and goes on when the page leaves', () => {
    const draft = decode({ id: 'chat-1', messages: [said(text('Hi'))], trigger: 'submit-message' });
    expect(draft).toMatchObject({
      protocol: 'ai-sdk-ui',
      model: null,
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      onDisconnect: 'continue',
      echo: { chatId: 'chat-1' },
    });
  });

  test('keeps the order of steps: the words, the calls of a step, then their results', () => {
    const { messages } = decode({
      messages: [
        said(text('What time is it?')),
        answered(
          { type: 'step-start' },
          text('I look.'),
          tool('c1', { state: 'output-available', output: '12:00' }),
          tool('c2', { state: 'output-error', errorText: 'no such zone' }),
          tool('c3', { state: 'input-available' }),
          tool('c4', { state: 'output-denied', approval: { id: 'x', approved: false } }),
          { type: 'steering-message', id: 's', parts: [text('In short.')] },
          { type: 'step-start' },
          { type: 'source-url', sourceId: 's', url: 'https://a.example' },
          { type: 'data-anything', data: {} },
          text('Noon.'),
        ),
        said(text('Thanks')),
      ],
    });
    expect(messages).toEqual([
      { role: 'user', content: 'What time is it?' },
      {
        role: 'assistant',
        text: 'I look.',
        toolCalls: ['c1', 'c2', 'c4'].map((callId) => ({ callId, name: 'clock', arguments: '{"zone":"UTC"}' })),
      },
      { role: 'tool', callId: 'c1', output: '12:00' },
      { role: 'tool', callId: 'c2', output: 'no such zone', isError: true },
      { role: 'tool', callId: 'c4', output: expect.stringContaining('denied') as string },
      { role: 'user', content: 'In short.' },
      { role: 'assistant', text: 'Noon.', toolCalls: [] },
      { role: 'user', content: 'Thanks' },
    ]);
  });

  test('takes images of the user, and what an upstream wants back', () => {
    const detail = {
      type: 'reasoning.text',
      text: 'Hm.',
      signature: 'sig',
      id: 'talaria_0',
      format: 'anthropic-claude-v1',
    };
    const { messages } = decode({
      messages: [
        said({ type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' }, text('What is it?')),
        answered(
          { type: 'reasoning', text: 'Hm.', providerMetadata: { talaria: { reasoning_details: [detail] } } },
          text('A dot.'),
        ),
        said(text('Sure?')),
      ],
    });
    expect(messages[0]).toMatchObject({ content: [{ type: 'image' }, { type: 'text', text: 'What is it?' }] });
    expect(messages[1]).toMatchObject({
      reasoning: [{ text: 'Hm.', seal: { form: 'anthropic', signature: 'sig' } }],
    });
  });

  test('goes on with a message of the assistant that ends with results of the page', () => {
    const done = {
      type: 'tool-weather',
      toolCallId: 'c1',
      state: 'output-available',
      input: {},
      output: { degrees: 20 },
    };
    const draft = decode({ messages: [said(text('Weather?')), answered({ type: 'step-start' }, done)] });
    expect(draft.echo).toEqual({ messageId: 'a' });
    expect(draft.messages.at(-1)).toEqual({ role: 'tool', callId: 'c1', output: '{"degrees":20}' });
  });

  test.each([
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].parts'],
    [{ messages: [{ role: 'tool', parts: [] }] }, 'messages[0].role'],
    [{ messages: [said(text(''))] }, 'messages'],
    [{ messages: [said('words' as unknown as object)] }, 'messages[0].parts[0]'],
    [
      { messages: [said({ type: 'file', mediaType: 'application/pdf', url: 'data:application/pdf,x' })] },
      'messages[0].parts',
    ],
    [{ id: 'a/b', messages: [said(text('Hi'))] }, 'id'],
    [{ trigger: 'resume', messages: [said(text('Hi'))] }, 'trigger'],
  ])('%j is refused, and the place named', (body, param) => {
    let thrown: unknown;
    try {
      decode(body);
    } catch (cause) {
      thrown = cause;
    }
    expect(thrown).toBeInstanceOf(GatewayError);
    expect((thrown as GatewayError).param).toBe(param);
  });
});

describe('an answer to approvals', () => {
  const reply = (...messages: object[]) => ui.continuation?.replyOf(dtoOf({ messages }));
  const responded = (id: string, fields: object = {}) =>
    tool(`c-${id}`, { state: 'approval-responded', approval: { id: `${RUN}:${id}`, approved: true, ...fields } });

  test('is none where nothing was answered, or something else was said', () => {
    const open = tool('c1', { state: 'approval-requested', approval: { id: `${RUN}:apr_1` } });
    expect(reply(said(text('Hi')))).toBeUndefined();
    expect(reply(said(text('Hi')), answered(open))).toBeUndefined();
    expect(reply(said(text('Hi')), answered(responded('apr_1')), said(text('Leave it')))).toBeUndefined();
    expect(
      reply(said(text('Hi')), answered(tool('c1', { state: 'approval-responded', approval: { id: 'own' } }))),
    ).toBeUndefined();
  });

  test('names the run, what the client knows, and the choices', () => {
    const done = tool('c0', {
      state: 'output-available',
      output: '',
      approval: { id: `${RUN}:apr_0`, approved: true },
    });
    const automatic = tool('c5', {
      state: 'output-available',
      output: '',
      approval: { id: `${RUN}:apr_5`, isAutomatic: true },
    });
    const parts = [
      done,
      automatic,
      responded('apr_1'),
      responded('apr_2', { approved: false }),
      responded('apr_3', { reason: 'session' }),
    ];
    const found = reply(said(text('Hi')), answered(...parts));
    expect(found).toMatchObject({ runId: RUN, heard: ['apr_0', 'apr_1', 'apr_2', 'apr_3'] });
    const choices = found?.answers.map(({ approvalId, decide }) => [approvalId, decide(false).decision]);
    expect(choices).toEqual([
      ['apr_1', 'once'],
      ['apr_2', 'deny'],
      ['apr_3', 'session'],
    ]);
  });

  test.each([
    [{ reason: 'main' }, { decision: 'once', answers: 'main' }],
    [{ reason: '{"branch":{"answer":"main"}}' }, { decision: 'once', answers: { branch: { answer: 'main' } } }],
    [{}, { decision: 'deny' }],
    [{ approved: false, reason: 'main' }, { decision: 'deny' }],
  ])('%j answers a question with %j', (fields, answer) => {
    const found = reply(said(text('Hi')), answered(responded('apr_1', fields)));
    expect(found?.answers[0]?.decide(true)).toEqual(answer);
  });
});

describe('what no page sends', () => {
  const refusal = (body: object): unknown => {
    try {
      decode(body);
    } catch (cause) {
      if (cause instanceof GatewayError) return cause.param;
      throw cause;
    }
    return undefined;
  };
  const at = 'messages[1].parts[0]';
  const responded = { state: 'approval-responded' };

  test.each([
    [tool('c', { state: 'done' }), `${at}.state`],
    [tool('c', { state: 1 }), `${at}.state`],
    [tool('c', {}), `${at}.state`],
    [{ type: 'tool-clock', toolCallId: 'c', state: 'Output-Available' }, `${at}.state`],
    [{ type: 'dynamic-tool', toolCallId: 'c', state: 'output-available' }, `${at}.toolName`],
    [{ text: 'no type' }, `${at}.type`],
    [{ type: 7 }, `${at}.type`],
    [tool('c', responded), `${at}.approval`],
    [tool('c', { ...responded, approval: { id: 7, approved: true } }), `${at}.approval.id`],
    [tool('c', { ...responded, approval: { id: 'a', approved: 'true' } }), `${at}.approval.approved`],
    [tool('c', { ...responded, approval: { id: 'a', approved: 1 } }), `${at}.approval.approved`],
  ])('%j is refused at %s', (part, path) => {
    expect(refusal({ messages: [said(text('Hi')), answered(part)] })).toBe(path);
  });

  test('a state of every kind that pages know is taken', () => {
    for (const state of ['input-streaming', 'input-available', 'approval-requested', 'output-denied', 'output-error']) {
      expect(refusal({ messages: [said(text('Hi')), answered(tool('c', { state }))] })).toBeUndefined();
    }
  });

  test.each([[[]], [[1]], ['x'], [1], [true]])('metadata: %j is refused', (metadata) => {
    expect(refusal({ messages: [said(text('Hi'))], metadata })).toBe('metadata');
  });
});
