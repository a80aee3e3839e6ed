import { costOf, NO_USAGE, priceKey, type StepState, type Usage } from '#libs/contract';

const prices = new Map([
  [priceKey('openai', 'large'), { input: 2.5, cachedInput: 0.25, output: 10 }],
  [priceKey('openai', 'written'), { input: 2, cachedInput: 0.2, cacheWrite: 2.5, output: 10 }],
  [priceKey('local', 'large'), { input: 0, cachedInput: 0, output: 0 }],
]);
const step = (usage: Partial<Usage> | undefined, fields: Partial<StepState> = {}): StepState => ({
  step: 1,
  status: 'completed',
  model: 'large',
  upstream: 'openai',
  ...(usage && { usage: { ...NO_USAGE, ...usage } }),
  ...fields,
});
const cost = (...steps: StepState[]): number | undefined => costOf({ steps }, prices);

describe('the cost of a run', () => {
  test.each<[string, number | undefined, StepState[]]>([
    ['input and output by the million', 2.5 + 10, [step({ inputTokens: 1e6, outputTokens: 1e6 })]],
    ['cached input has its own price', 2.25 + 0.025, [step({ inputTokens: 1e6, cachedInputTokens: 1e5 })]],
    [
      'input written into a cache has its own price',
      2.55,
      [
        step({ inputTokens: 1e6, cacheWriteTokens: 1e6 }, { model: 'written' }),
        step({ inputTokens: 1e6 - 75e4, cachedInputTokens: 25e4 }, { model: 'written' }),
      ],
    ],
    ['without a price of its own it costs what input costs', 2.5, [step({ inputTokens: 1e6, cacheWriteTokens: 1e6 })]],
    ['more cached than read counts as all cached', 0.25, [step({ inputTokens: 1e6, cachedInputTokens: 2e6 })]],
    [
      'every step by the model that answered it',
      10,
      [step({ outputTokens: 1e6 }), step({ outputTokens: 1e6 }, { upstream: 'local' })],
    ],
    ['a price of nothing is a price', 0, [step({ inputTokens: 5 }, { upstream: 'local' })]],
    ['no price, no cost', undefined, [step({ inputTokens: 5 }, { model: 'other' })]],
    ['steps that were broken off have no usage', undefined, [step(undefined, { status: 'interrupted' })]],
  ])('%s', (_, expected, steps) => {
    if (expected === undefined) expect(cost(...steps)).toBeUndefined();
    else expect(cost(...steps)).toBeCloseTo(expected, 9);
  });
});
