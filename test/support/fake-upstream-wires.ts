/** The next event of the fake upstream. */
export interface FakeAnswer {
  readonly model: string;
  readonly reasoning?: string;
  readonly words: readonly string[];
  readonly refusal?: string;
  readonly call?: { readonly id: string; readonly name: string; readonly args: string };
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'refusal';
  readonly hasUsage: boolean;
  /** The call comes with opaque state of its own, where the format has a place for it. */
  readonly hasState?: boolean;
}

/** An answer as server-sent events: each string is one event with its blank line. */
export interface Frames {
  readonly head: readonly string[];
  readonly words: readonly string[];
  /** Without the last word. */
  readonly tail: readonly string[];
  readonly done: string;
}

/** One wire format, both ways of answering. */
export interface FakeWire {
  frames(answer: FakeAnswer, body: Record<string, unknown>): Frames;
  whole(answer: FakeAnswer): object;
  error(code: string, message: string, param?: string): object;
  /** The same in the middle of a stream. */
  errorFrame(code: string, message: string): string;
  /** An event without content. */
  readonly empty: string;
  /** An event whose text is null. */
  readonly nothing: string;
  event(data: object): string;
  /** The name and the schema of the tool that must be called, else of the first one offered. */
  firstTool(body: Record<string, unknown>): { name: string; schema: unknown } | undefined;
  hasResultAtEnd(body: Record<string, unknown>): boolean;
  /** An earlier answer with calls came back without the reasoning `I think.` or without the state that it came with. */
  isBare(body: Record<string, unknown>): boolean;
}

const USAGE = { input: 10, cached: 4, output: 8, reasoning: 2 };
type Messages = { role: string; content: unknown }[];
const sse = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const lastOf = (body: Record<string, unknown>): Messages[number] | undefined => (body['messages'] as Messages).at(-1);

const openaiUsage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
  prompt_tokens_details: { cached_tokens: USAGE.cached },
  completion_tokens_details: { reasoning_tokens: USAGE.reasoning },
};
const chunk = (delta: object, finish_reason: string | null = null): string =>
  sse({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
const openaiFinish = (finish: FakeAnswer['finish']): string => (finish === 'refusal' ? 'stop' : finish);
const EXTRA_CONTENT = { google: { thought_signature: 'c2ln' } };
const toolCallOf = ({ id, name, args }: NonNullable<FakeAnswer['call']>, index: number, hasState = false): object => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: args },
  ...(hasState && { extra_content: EXTRA_CONTENT }),
});

export const openaiWire: FakeWire = {
  frames({ reasoning, words, refusal, call, finish, hasUsage, hasState }, body) {
    const wantsUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
    const half = call && Math.ceil(call.args.length / 2);
    const calls = call
      ? [
          chunk({ tool_calls: [toolCallOf({ ...call, args: '' }, 0, hasState)] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: call.args.slice(0, half) } }] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: call.args.slice(half) } }] }),
        ]
      : [];
    return {
      head: [
        chunk({ role: 'assistant', content: '' }),
        ...(reasoning === undefined ? [] : [chunk({ reasoning_content: reasoning })]),
      ],
      words: words.map((content) => chunk({ content })),
      tail: [
        ...(refusal === undefined ? [] : [chunk({ refusal })]),
        ...calls,
        chunk({}, openaiFinish(finish)),
        ...(hasUsage && wantsUsage ? [sse({ choices: [], usage: openaiUsage })] : []),
      ],
      done: 'data: [DONE]\n\n',
    };
  },
  whole: ({ model, reasoning, words, refusal, call, finish, hasUsage, hasState }) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: words.length === 0 ? null : words.join(''),
          ...(reasoning !== undefined && { reasoning_content: reasoning }),
          ...(refusal !== undefined && { refusal }),
          ...(call && { tool_calls: [toolCallOf(call, 0, hasState)] }),
        },
        finish_reason: openaiFinish(finish),
      },
    ],
    ...(hasUsage && { usage: openaiUsage }),
  }),
  error: (code, message, param) => ({ error: { message, type: 'invalid_request_error', param: param ?? null, code } }),
  errorFrame: (code, message) => sse({ error: { message, type: 'server_error', code } }),
  empty: sse({ choices: [] }),
  nothing: chunk({ content: null }),
  event: sse,
  firstTool(body) {
    const tools = (body['tools'] ?? []) as { function: { name: string; parameters?: unknown } }[];
    const chosen = (body['tool_choice'] as { function?: { name: string } } | undefined)?.function?.name;
    const tool = tools.find((some) => some.function.name === chosen) ?? tools[0];
    return tool && { name: tool.function.name, schema: tool.function.parameters };
  },
  hasResultAtEnd: (body) => lastOf(body)?.role === 'tool',
  isBare: (body) =>
    (body['messages'] as { reasoning_content?: string; tool_calls?: { extra_content?: object }[] }[]).some(
      ({ reasoning_content: thought, tool_calls: calls }) =>
        calls &&
        (thought !== 'I think.' ||
          calls.some((call) => JSON.stringify(call.extra_content) !== JSON.stringify(EXTRA_CONTENT))),
    ),
};

const ANTHROPIC_FINISH = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', refusal: 'refusal' };
const anthropicInput = {
  input_tokens: USAGE.input - USAGE.cached,
  cache_read_input_tokens: USAGE.cached,
  cache_creation_input_tokens: 0,
};
const typed = (data: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${data.type}\n${sse(data)}`;
const block = (index: number, content_block: object, deltas: readonly object[]): string[] => [
  typed({ type: 'content_block_start', index, content_block }),
  ...deltas.map((delta) => typed({ type: 'content_block_delta', index, delta })),
  typed({ type: 'content_block_stop', index }),
];

export const anthropicWire: FakeWire = {
  frames({ reasoning, words, refusal, call, finish, hasUsage }) {
    const said = [...words, ...(refusal === undefined ? [] : [refusal])];
    const [start, ...rest] = block(
      1,
      { type: 'text', text: '' },
      said.map((text) => ({ type: 'text_delta', text })),
    );
    const usage = hasUsage ? { usage: { ...anthropicInput, output_tokens: 1 } } : {};
    const thinking =
      reasoning === undefined
        ? []
        : block(0, { type: 'thinking', thinking: '' }, [
            { type: 'thinking_delta', thinking: reasoning },
            { type: 'signature_delta', signature: 'c2ln' },
          ]);
    const half = call && Math.ceil(call.args.length / 2);
    const calls = call
      ? block(2, { type: 'tool_use', id: call.id, name: call.name, input: {} }, [
          { type: 'input_json_delta', partial_json: '' },
          { type: 'input_json_delta', partial_json: call.args.slice(0, half) },
          { type: 'input_json_delta', partial_json: call.args.slice(half) },
        ])
      : [];
    const delta = { stop_reason: ANTHROPIC_FINISH[finish], stop_sequence: null };
    const total = hasUsage ? { usage: { output_tokens: USAGE.output } } : {};
    return {
      head: [
        typed({ type: 'message_start', message: { id: 'msg_1', content: [], ...usage } }),
        ...thinking,
        ...(start === undefined ? [] : [start]),
      ],
      words: rest.slice(0, -1),
      tail: [...rest.slice(-1), ...calls, typed({ type: 'message_delta', delta, ...total })],
      done: typed({ type: 'message_stop' }),
    };
  },
  whole: ({ model, reasoning, words, refusal, call, finish, hasUsage }) => ({
    id: 'msg_1',
    type: 'message',
    model,
    content: [
      ...(reasoning === undefined ? [] : [{ type: 'thinking', thinking: reasoning, signature: 'c2ln' }]),
      ...(words.length === 0 ? [] : [{ type: 'text', text: words.join('') }]),
      ...(refusal === undefined ? [] : [{ type: 'text', text: refusal }]),
      ...(call ? [{ type: 'tool_use', id: call.id, name: call.name, input: JSON.parse(call.args) as unknown }] : []),
    ],
    stop_reason: ANTHROPIC_FINISH[finish],
    ...(hasUsage && { usage: { ...anthropicInput, output_tokens: USAGE.output } }),
  }),
  error: (code, message, param) => ({ type: 'error', error: { type: code, message, ...(param && { param }) } }),
  errorFrame: (code, message) => typed({ type: 'error', error: { type: code, message } }),
  empty: typed({ type: 'ping' }),
  nothing: typed({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: null } }),
  event: sse,
  firstTool(body) {
    const tools = (body['tools'] ?? []) as { name: string; input_schema?: unknown }[];
    const chosen = (body['tool_choice'] as { name?: string } | undefined)?.name;
    const tool = tools.find(({ name }) => name === chosen) ?? tools[0];
    return tool && { name: tool.name, schema: tool.input_schema };
  },
  hasResultAtEnd(body) {
    const content = lastOf(body)?.content;
    return Array.isArray(content) && content.some((part) => part.type === 'tool_result');
  },
  isBare: (body) =>
    (body['messages'] as { content: { type: string; thinking?: string; signature?: string }[] }[]).some(
      ({ content }) =>
        content.some(({ type }) => type === 'tool_use') &&
        (content[0]?.type !== 'thinking' || content[0].thinking !== 'I think.' || content[0].signature !== 'c2ln'),
    ),
};
