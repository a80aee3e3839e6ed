import type { Message } from '#libs/contract';
import fc from '../../support/property.js';
import { estimateTokens, messageTokens } from '../../../libs/agent/src/messages/estimate-tokens.js';
import { trimMessages } from '../../../libs/agent/src/messages/trim-messages.js';

const user = (content: string): Message => ({ role: 'user', content });
const says = (text: string, ...callIds: string[]): Message => ({
  role: 'assistant',
  text,
  toolCalls: callIds.map((callId) => ({ callId, name: 'look', arguments: '{}' })),
});
const result = (callId: string, output: string): Message => ({ role: 'tool', callId, output });
const window = (contextTokens?: number, outputTokensMax?: number) => ({ contextTokens, outputTokensMax });
const trim = (messages: readonly Message[], contextTokens?: number, system = '') =>
  trimMessages({ system, tools: [], messages }, window(contextTokens, 10));

/**
 * A conversation as histories make them: calls with their results behind them, maybe something before the first user.
 */
const words = fc.string({ maxLength: 400, unit: 'grapheme' });
let calls = 0;
const step = fc.record({ text: words, outputs: fc.array(words, { maxLength: 3 }) }).map(({ text, outputs }) => {
  const ids = outputs.map(() => `call_${++calls}`);
  return [says(text, ...ids), ...ids.map((id, i) => result(id, outputs[i] ?? ''))];
});
const turn = fc
  .record({ said: words, steps: fc.array(step, { maxLength: 3 }) })
  .map(({ said, steps }) => [user(said), ...steps.flat()]);
const conversations = fc
  .record({ lead: fc.array(step, { maxLength: 1 }), turns: fc.array(turn, { minLength: 1, maxLength: 12 }) })
  .map(({ lead, turns }) => [...lead.flat(), ...turns.flat()]);

describe('the token estimate', () => {
  test.each([
    ['ASCII counts two and a half characters to a token', 'The quick brown fox jumps over it.', 14],
    ['characters beyond ASCII count one by one', '你好世界', 4],
    ['nothing is nothing', '', 0],
  ])('%s', (_, text, tokens) => expect(estimateTokens(text)).toBe(tokens));

  test('is not below what a tokenizer counts for prose, code, JSON and Chinese', async () => {
    const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
    const texts = [
      'Talaria turns an LLM agent into a service. Every request, whatever protocol it speaks, becomes a run.'.repeat(5),
      'export function estimateTokens(text: string): number {\n  let others = 0;\n  return Math.ceil(others / 3);\n}',
      JSON.stringify({ city: 'Athens', days: [1, 2, 3], detail: { unit: 'celsius', precise: true } }),
      '今天天气很好，我们去公园散步吧。明天可能会下雨。',
      'Ελλάδα και Ισπανία, Größe und Maße',
    ];
    for (const text of texts) expect(estimateTokens(text)).toBeGreaterThanOrEqual(countTokens(text));
  });
});

describe('trimming', () => {
  const three = [user('a'.repeat(300)), says('b'.repeat(300)), user('c'), says('d'), user('e')];

  test('nothing is left out when all fits, or the window is not known', () => {
    expect(trim(three, 1_000)).toBe(three);
    expect(trim(three)).toBe(three);
  });

  test('whole turns are left out, oldest first', () => {
    expect(trim(three, 120)).toEqual(three.slice(2));
    expect(trim(three, 30)).toEqual(three.slice(4));
  });

  test('the system text takes its room', () => {
    expect(trim(three, 400)).toEqual(three);
    expect(trim(three, 400, 's'.repeat(600))).toEqual(three.slice(2));
  });

  test('the last turn stays with all its calls, even when the estimate says that it does not fit', () => {
    const last = [user('go'), says('', 'c1'), result('c1', 'x'.repeat(600))];
    expect(trim([...three, ...last], 150)).toEqual(last);
  });

  test('what can never fit is refused here', () => {
    const act = (): unknown => trim([user('x'.repeat(100_000))], 1_000);
    expect(act).toThrow(expect.objectContaining({ code: 'context_length_exceeded', param: 'messages' }) as Error);
  });

  test('whatever the conversation: a suffix, of whole turns, with every result behind its call, the largest that fits', () => {
    fc.assert(
      fc.property(conversations, fc.integer({ min: 200, max: 3_000 }), (messages, contextTokens) => {
        const cost = (some: readonly Message[]): number =>
          some.reduce((sum, message) => sum + messageTokens(message, estimateTokens), 0);
        const starts = messages.flatMap(({ role }, i) => (role === 'user' ? [i] : []));
        const lastTurn = messages.slice(starts.at(-1));
        fc.pre(cost(lastTurn) + 10 <= contextTokens);
        const kept = trim(messages, contextTokens);

        expect(messages.slice(messages.length - kept.length)).toEqual(kept);
        expect(kept.slice(kept.length - lastTurn.length)).toEqual(lastTurn);
        if (kept.length < messages.length) expect(kept[0]?.role).toBe('user');
        const called = new Set(kept.flatMap((m) => (m.role === 'assistant' ? m.toolCalls.map((c) => c.callId) : [])));
        for (const message of kept) if (message.role === 'tool') expect(called).toContain(message.callId);
        // It fits, and one more turn would not.
        expect(kept === messages || cost(kept) + 10 <= contextTokens || kept.length === lastTurn.length).toBe(true);
        if (kept.length < messages.length) {
          const first = messages.length - kept.length;
          const before = starts.filter((start) => start < first).at(-1) ?? 0;
          const more = messages.slice(starts[0] === before ? 0 : before);
          expect(cost(more) + 10).toBeGreaterThan(contextTokens);
        }
      }),
      { numRuns: 300 },
    );
  });
});
