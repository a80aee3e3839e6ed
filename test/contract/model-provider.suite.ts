import type { ModelProvider } from '#libs/contract';
import { listen, question } from '../support/model-lab.js';

export interface ProviderUnderTest {
  readonly provider: ModelProvider;
  /** A model that answers with a few words at once. */
  readonly quick: string;
  /** A model that takes some 100 ms or longer for its whole answer, word by word. */
  readonly slow: string;
}

const lookup = {
  name: 'lookup',
  parameters: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] },
};

/** What every ModelProvider promises; see its doc comment. */
export function modelProviderSuite(name: string, open: () => ProviderUnderTest): void {
  describe(`${name} as a ModelProvider`, () => {
    test('an answer has words and exactly one end, the last event', async () => {
      const { provider, quick } = open();
      const { events, text, error } = await listen(provider, question(quick));
      expect(error).toBeUndefined();
      expect(text).not.toBe('');
      expect(events.map(({ type }) => type).indexOf('end')).toBe(events.length - 1);
    });

    test('the same request gives the same answer', async () => {
      const { provider, quick } = open();
      const [one, two] = [await listen(provider, question(quick)), await listen(provider, question(quick))];
      expect(two.text).toBe(one.text);
      expect(two.end).toEqual(one.end);
    });

    test('a call begins before its arguments, which are JSON, and ends the answer with tool_calls', async () => {
      const { provider } = open();
      const toolChoice = { kind: 'required' } as const;
      const { events, calls, end } = await listen(provider, question('tools', { tools: [lookup], toolChoice }));
      expect(end?.finishReason).toBe('tool_calls');
      expect(calls.map((call) => call.name)).toEqual(['lookup']);
      expect(JSON.parse(calls[0]?.arguments ?? '')).toEqual({ q: expect.any(String) });
      expect(events.findIndex(({ type }) => type === 'tool_call')).toBeLessThan(
        events.findIndex(({ type }) => type === 'tool_arguments'),
      );
    });

    test('after an abort the reason is thrown, and nothing follows', async () => {
      const { provider, slow } = open();
      const abort = new AbortController();
      const reason = new Error('enough');
      const stream = provider.stream(question(slow, { signal: abort.signal }))[Symbol.asyncIterator]();
      expect((await stream.next()).value).toMatchObject({ type: 'text' });
      abort.abort(reason);
      await expect(drain(stream)).rejects.toBe(reason);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    test('a signal that is aborted already is thrown at once', async () => {
      const { provider, quick } = open();
      const signal = AbortSignal.abort(new Error('too late'));
      const { error, events } = await listen(provider, question(quick, { signal }));
      expect(error).toEqual(new Error('too late'));
      expect(events).toEqual([]);
      await expect(provider.listModels(signal)).rejects.toEqual(new Error('too late'));
    });

    test('many answers run side by side', async () => {
      const { provider, slow } = open();
      const answers = await Promise.all(Array.from({ length: 20 }, () => listen(provider, question(slow))));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.every(({ end }) => end?.finishReason === 'stop')).toBe(true);
    });

    test('models have names', async () => {
      const names = await open().provider.listModels(new AbortController().signal);
      expect(names.length).toBeGreaterThan(0);
      expect(names.every((model) => model !== '')).toBe(true);
    });
  });
}

async function drain(stream: AsyncIterator<unknown>): Promise<void> {
  for (let result = await stream.next(); !result.done; result = await stream.next());
}
