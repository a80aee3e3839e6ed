import Anthropic from '@anthropic-ai/sdk';
import fc from '../../../support/property.js';
import { foldAll, type JsonObject, type LoggedEvent } from '#libs/contract';
import { protocolNamed } from '../../../support/chat-request.js';
import { eventLogs, logged } from '../../../support/event-log.js';
import { readStream, transcript } from '../../../support/transcript.js';

const messages = protocolNamed('anthropic-messages');
const RUNS = { numRuns: 200 };
type Block = JsonObject & { readonly type: string };

/** A random run, asked for with one of the three ways to show reasoning, whose calls have arguments in JSON. */
const runs = fc
  .tuple(eventLogs(), fc.constantFrom('shown', 'omitted', 'hidden'))
  .map(([events, display]) =>
    withJson(events).map((event) => (event.type === 'run.queued' ? { ...event, echo: { display } } : event)),
  );

function withJson(events: readonly LoggedEvent[]): LoggedEvent[] {
  const deltas = new Map<string, string[]>();
  for (const event of events) {
    if (event.type === 'tool_call.started') deltas.set(event.callId, []);
    if (event.type === 'tool_call.arguments.delta') deltas.get(event.callId)?.push(event.delta);
  }
  const texts = new Map([...deltas].map(([id, list]) => [id, { text: jsonOf(list), at: 0, left: list.length }]));
  return events.map((event) => {
    const call = 'callId' in event ? texts.get(event.callId) : undefined;
    if (!call) return event;
    if (event.type === 'tool_call.ready') return { ...event, arguments: call.text };
    if (event.type !== 'tool_call.arguments.delta') return event;
    const end = call.left-- === 1 ? call.text.length : Math.ceil((call.at + call.text.length) / 2);
    const delta = call.text.slice(call.at, end);
    call.at = end;
    return { ...event, delta };
  });
}

/** Of no deltas: none. Blank ones stay, as models send them for tools without parameters. */
const jsonOf = (deltas: readonly string[]): string => {
  const text = deltas.join('');
  return /\S/.test(text) ? JSON.stringify({ text }) : text;
};

const eventsOf = (log: readonly LoggedEvent[]): JsonObject[] =>
  readStream(transcript(messages, log)).frames.map(({ event, data }) => {
    const body = JSON.parse(data) as JsonObject;
    // The type of an error event stands in its name: what it has inside is the error.
    return event === 'error' ? { ...body, type: 'error' } : body;
  });

/** What the official SDK makes of the stream. */
async function putTogether(text: string): Promise<JsonObject & { readonly content: Block[] }> {
  const response = new Response(text, { headers: { 'content-type': 'text/event-stream' } });
  const client = new Anthropic({ apiKey: 'none', maxRetries: 0, fetch: () => Promise.resolve(response) });
  const asked = { model: 'm', max_tokens: 1, messages: [{ role: 'user' as const, content: 'Hi' }] };
  const message = await client.messages.stream(asked).finalMessage();
  return plain(message) as JsonObject & { readonly content: Block[] };
}

const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

/** What stands for the image that logs have. */
const PICTURE = '\n[image: image/png, 1 kB]\n';

describe('the stream of any legal log', () => {
  test('put together by the official SDK it is the whole answer', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (events) => {
        const snapshot = foldAll(events);
        fc.pre(snapshot.status === 'completed' || snapshot.status === 'incomplete');
        fc.pre(!snapshot.steps.some(({ status }) => status === 'interrupted'));
        const whole = messages.final(snapshot) as JsonObject & { readonly content: Block[] };
        const read = await putTogether(transcript(messages, events));
        // The SDK guesses the end of arguments that were cut off.
        const isCut = ({ id }: Block): boolean =>
          snapshot.items.some((item) => item.type === 'tool_call' && item.callId === id && !item.ready);
        const sure = (block: Block): Block => (isCut(block) ? { ...block, input: {} } : block);
        expect(read.content.map(sure)).toEqual(whole.content.map(sure));
        expect(read).toMatchObject({ stop_reason: whole['stop_reason'], usage: whole['usage'] });
      }),
      RUNS,
    );
  });

  test('has its events in order: one start, whole blocks one by one, one message_delta and one stop, or an error', () => {
    fc.assert(
      fc.property(runs, (log) => {
        const events = eventsOf(log);
        const types = events.map(({ type }) => type);
        expect(types[0]).toBe('message_start');
        const { status } = foldAll(log);
        if (status === 'failed' || status === 'cancelled') expect(types.at(-1)).toBe('error');
        const isBroken = types.at(-1) === 'error';
        expect(types.slice(-2)).toEqual(isBroken ? [types.at(-2), 'error'] : ['message_delta', 'message_stop']);
        expect(types.filter((type) => type === 'error' || type === 'message_stop')).toHaveLength(1);
        expect(types.filter((type) => type === 'message_delta')).toHaveLength(isBroken ? 0 : 1);
        let open = -1;
        let next = 0;
        for (const { type, index } of events) {
          if (type === 'content_block_start') {
            expect([open, index]).toEqual([-1, next++]);
            open = Number(index);
          } else if (type === 'content_block_delta') expect(index).toBe(open);
          else if (type === 'content_block_stop') {
            expect(index).toBe(open);
            open = -1;
          } else if (type === 'message_delta') expect(open).toBe(-1);
        }
      }),
      RUNS,
    );
  });

  test('resumed anywhere it is the rest of the whole', () => {
    fc.assert(
      fc.property(runs, fc.nat(60), (events, after) => {
        const spoken = transcript(messages, events.slice(0, after));
        expect(spoken + transcript(messages, events, after)).toBe(transcript(messages, events));
      }),
      RUNS,
    );
  });

  test('says every word of the answer, and no block of text or reasoning is empty', () => {
    fc.assert(
      fc.property(runs, (log) => {
        const snapshot = foldAll(log);
        fc.pre(snapshot.status === 'completed' || snapshot.status === 'incomplete');
        const { content } = messages.final(snapshot) as unknown as { readonly content: Block[] };
        const said = content.flatMap((block) => (block.type === 'text' ? [String(block['text'])] : []));
        const words = snapshot.items.flatMap((item) =>
          (item.type === 'text' || item.type === 'refusal') && item.status !== 'interrupted'
            ? [item.image === undefined ? item.text : PICTURE]
            : [],
        );
        expect(said.join('')).toBe(words.join(''));
        expect(said).not.toContain('');
        const isEmpty = ({ type, thinking, signature }: Block): boolean =>
          type === 'thinking' && thinking === '' && signature === '';
        expect(content.some(isEmpty)).toBe(false);
      }),
      RUNS,
    );
  });
});

describe('a call of the caller', () => {
  const queued = {
    type: 'run.queued',
    runId: 'run_1',
    protocol: 'anthropic-messages',
    owner: 'o',
    model: 'm',
  } as const;
  const call = { step: 1, callId: 'c1', name: 'look', executedBy: 'client' } as const;
  const begun = [
    { ...queued, echo: {} },
    { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
    { type: 'tool_call.started', ...call },
    { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: '{"a":' },
  ] as const;

  test('keeps its block open while the model says something, and the words come behind it', () => {
    const said = { type: 'text.delta', step: 1, text: 'Let me see.' } as const;
    const rest = { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: '1}' } as const;
    const ready = { type: 'tool_call.ready', ...call, arguments: '{"a":1}' } as const;
    const read = eventsOf(logged([...begun, said, rest, ready]));
    expect(read.map(({ type, index }) => `${String(type)} ${String(index)}`).slice(1)).toEqual([
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
    ]);
  });

  test.each(['{"b":1}', ''])('whose final arguments are %p breaks the stream off', (last) => {
    const read = eventsOf(logged([...begun, { type: 'tool_call.ready', ...call, arguments: last }]));
    expect(read.at(-1)).toMatchObject({ type: 'error', error: { details: { error_code: 'internal_error' } } });
    expect(read.some(({ type }) => type === 'content_block_stop')).toBe(false);
  });

  test('that was closed when another began may not get other arguments', () => {
    const whole = { type: 'tool_call.arguments.delta', step: 1, callId: 'c1', delta: '1}' } as const;
    const second = { type: 'tool_call.started', ...call, callId: 'c2' } as const;
    const ready = { type: 'tool_call.ready', ...call, arguments: '{"a":1} or so' } as const;
    expect(eventsOf(logged([...begun, whole, second, ready])).at(-1)).toMatchObject({ type: 'error' });
  });
});
