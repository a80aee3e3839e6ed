import { GatewayError, type RunDraft } from '#libs/contract';
import { ApprovalDto, parseDto, readApproval, readSteer, runsProtocol, SteerDto } from '#libs/protocols';

const decode = (body: unknown, onDisconnect?: 'cancel'): RunDraft =>
  runsProtocol.decode(parseDto(runsProtocol.dto, body), {
    hermesClient: false,
    messageTextCharsMax: 1_000,
    ...(onDisconnect && { onDisconnect }),
  });

function refusal(work: () => unknown): Pick<GatewayError, 'code' | 'param'> {
  try {
    work();
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, ...(error.param && { param: error.param }) };
    throw error;
  }
  throw new Error('it was taken');
}

describe('POST /v1/runs', () => {
  test('a bare string is what the user says; nobody listens, so the run goes on', () => {
    expect(decode({ input: 'Hi' })).toEqual({
      protocol: 'runs',
      model: null,
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [],
      toolChoice: { kind: 'auto' },
      sampling: {},
      onDisconnect: 'continue',
      stream: false,
      echo: {},
    });
    expect(decode({ input: 'Hi' }, 'cancel').onDisconnect).toBe('cancel');
  });

  test('items may be strings, messages with images, and the calls of an earlier turn in either shape', () => {
    const { messages, instructions } = decode({
      instructions: 'Be short.',
      conversation_history: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Time?' },
        { type: 'function_call', call_id: 'c1', name: 'clock', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'noon' },
      ],
      input: [
        'And this?',
        { type: 'message', content: [{ type: 'input_image', image_url: 'data:image/png;base64,QUJD' }] },
      ],
    });
    expect(instructions).toBe('Be short.\nBe kind.');
    expect(messages).toEqual([
      { role: 'user', content: 'Time?' },
      { role: 'assistant', text: '', toolCalls: [{ callId: 'c1', name: 'clock', arguments: '{}' }] },
      { role: 'tool', callId: 'c1', output: 'noon' },
      { role: 'user', content: 'And this?' },
      { role: 'user', content: [{ type: 'image', url: 'data:image/png;base64,QUJD' }] },
    ]);
  });

  test('what it continues, its session, metadata and tools in both shapes are passed on', () => {
    const hex = '0123456789abcdef'.repeat(2);
    const draft = decode({
      input: 'Go on',
      previous_response_id: `resp_${hex}`,
      session_id: 'lima-1',
      metadata: { ticket: '7' },
      model: 'fast',
      tools: [
        { type: 'function', name: 'flat', parameters: { type: 'object' } },
        { type: 'function', function: { name: 'nested' } },
      ],
    });
    expect(draft).toMatchObject({
      parentId: `run_${hex}`,
      sessionId: 'lima-1',
      metadata: { ticket: '7' },
      model: 'fast',
    });
    expect(draft.tools.map(({ name }) => name)).toEqual(['flat', 'nested']);
    // A result of a call that an earlier turn made.
    const answer = { type: 'function_call_output', call_id: 'c9', output: 'x' };
    expect(decode({ input: [answer], previous_response_id: `run_${hex}` }).messages).toHaveLength(1);
  });

  test.each<[string, unknown, string, string | undefined]>([
    ['no input', {}, 'missing_required_parameter', 'input'],
    ['a number', { input: 3 }, 'invalid_request', 'input'],
    ['nothing to see', { input: [' '] }, 'invalid_request', 'input'],
    ['an item that is no message', { input: [7] }, 'invalid_request', 'input[0]'],
    ['an unknown role', { input: [{ role: 'boss', content: 'x' }] }, 'invalid_request', 'input[0].role'],
    [
      'a bad history',
      { input: 'x', conversation_history: [{ role: 'user' }] },
      'missing_required_parameter',
      'conversation_history[0].content',
    ],
    [
      'an answer to no call',
      { input: ['x', { type: 'function_call_output', call_id: 'c', output: 'o' }] },
      'invalid_request',
      'input[1].tool_call_id',
    ],
    ['an odd parent', { input: 'x', previous_response_id: 'resp_1' }, 'invalid_request', 'previous_response_id'],
    ['a path as session', { input: 'x', session_id: '../etc' }, 'invalid_request', 'session_id'],
    ['a line break in the session', { input: 'x', session_id: 'a\nb' }, 'invalid_request', 'session_id'],
    ['what no header can hold as session', { input: 'x', session_id: 'lima\udfff' }, 'invalid_request', 'session_id'],
    ['dots as session', { input: 'x', session_id: '..' }, 'invalid_request', 'session_id'],
    [
      'a file',
      { input: [{ content: [{ type: 'input_file', file_id: 'f' }] }] },
      'unsupported_content_type',
      'input[0].content',
    ],
    ['a text too long', { input: 'x'.repeat(1_001) }, 'string_above_max_length', 'input[0].content'],
  ])('%s is refused and named', (_what, body, code, param) => {
    expect(refusal(() => decode(body))).toEqual({ code, param });
  });
});

describe('answers and texts', () => {
  const approvalOf = (body: unknown) => readApproval(parseDto(ApprovalDto, body));
  const steerOf = (body: unknown) => readSteer(parseDto(SteerDto, body));

  test('an answer names its request, or all of them, or means the only one', () => {
    expect(approvalOf({ choice: 'session', request_id: 'apr_1' })).toEqual({
      decision: 'session',
      requestId: 'apr_1',
    });
    expect(approvalOf({ choice: 'approve', all: true })).toEqual({ decision: 'once', all: true });
    expect(approvalOf({ choice: 'once' })).toEqual({ decision: 'once' });
    expect(approvalOf({ choice: 'once', all: false, request_id: null })).toEqual({ decision: 'once' });
    expect(approvalOf({ choice: 'deny', request_id: 'apr_1', all: true })).toEqual({
      decision: 'deny',
      requestId: 'apr_1',
    });
  });

  test.each([
    [{ choice: 'yes', request_id: 'a' }, 'invalid_approval_choice'],
    [{ request_id: 'a' }, 'invalid_approval_choice'],
    [{ choice: 'constructor', request_id: 'a' }, 'invalid_approval_choice'],
    [{ choice: 'once', request_id: '' }, 'missing_required_parameter'],
    [{ choice: 'once', all: 'true' }, 'invalid_request'],
    [{ choice: 'once', request_id: 7 }, 'invalid_request'],
    [[], 'invalid_request'],
  ])('%j is no answer', (body, code) => {
    expect(refusal(() => approvalOf(body)).code).toBe(code);
  });

  test('a text is said under any of its names, and is never empty', () => {
    expect(steerOf({ text: 'a' })).toBe('a');
    expect(steerOf({ input: 'b' })).toBe('b');
    expect(steerOf({ message: 'c' })).toBe('c');
    for (const body of [{}, { text: ' ' }, { text: 7 }, { text: 'x'.repeat(20_000) }]) {
      expect(refusal(() => steerOf(body)).code).toBe('invalid_steer_input');
    }
  });
});
