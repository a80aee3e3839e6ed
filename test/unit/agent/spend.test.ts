import { memorySpendLedger } from '#libs/bus';
import type { AgentPorts } from '#libs/agent';
import { priceKey, type EmbeddingsOrder, type SpendLedger, type SpendLimits } from '#libs/contract';
import { modelRoute } from '#libs/providers';
import { attempt, says, scriptedProvider, type Attempt } from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

/** One unit of the currency per token of an answer; the input costs nothing. */
const PRICE = { input: 0, cachedInput: 0, output: 1_000_000 };

function spendOf(limits: SpendLimits, ledger: SpendLedger, runId = 'run_1'): NonNullable<AgentPorts['spend']> {
  return {
    limits,
    prices: new Map([[priceKey('lab', 'lab-model'), PRICE]]),
    price: PRICE,
    outputTokens: 1_000,
    reserve: (scope, ask) => ledger.reserve(scope, runId, ask),
    settle: (scope, spent) => ledger.settle(scope, runId, spent),
  };
}

async function ran(
  limits: SpendLimits,
  { finish = 'stop', ledger = memorySpendLedger(), runId = 'run_1' } = {} as {
    finish?: 'stop' | 'length';
    ledger?: SpendLedger;
    runId?: string;
  },
): Promise<Attempt & { asked: (number | undefined)[] }> {
  const provider = scriptedProvider(() => [says.text('ok'), says.end(finish)]);
  const done = await attempt({ spec: runSpec(), provider, ports: { spend: spendOf(limits, ledger, runId) } });
  expect(checkLog(done.log)).toEqual([]);
  return { ...done, asked: provider.asked.map(({ sampling }) => sampling.outputTokensMax) };
}

test('a run that can be paid for is asked without a bound that nobody named, and completes', async () => {
  const { end, asked } = await ran({ run: 5_000 });
  expect(end).toEqual({ type: 'run.completed', finishReason: 'stop' });
  expect(asked).toEqual([undefined]);
});

test.each([
  // What is paid for is more than this model may write: its own bound cuts the answer, and not the money.
  ['lower', 600, undefined, 400, 'max_output_tokens'],
  ['lower than the caller asks', 600, 900, 400, 'max_output_tokens'],
  ['higher', 300, undefined, 300, 'max_cost'],
  ['lower, and all can be paid for', 5_000, undefined, undefined, 'max_output_tokens'],
] as const)('a candidate whose own bound is %s keeps it', async (_how, run, max, expected, reason) => {
  const provider = scriptedProvider(() => [says.text('ok'), says.end('length')]);
  const route = modelRoute('lab-model', [{ provider, model: 'lab-model', outputTokensDefault: 400 }]);
  const spec = runSpec({ sampling: max === undefined ? {} : { outputTokensMax: max } });
  const spend = spendOf({ run }, memorySpendLedger());
  const { end } = await attempt({ spec, provider, ports: { spend, route } });
  expect(provider.asked).toMatchObject([{ outputTokensDefault: 400 }]);
  expect(provider.asked[0]?.sampling.outputTokensMax).toBe(expected);
  expect(provider.asked[0]).not.toHaveProperty('outputTokensPaid');
  expect(end).toMatchObject({ type: 'run.incomplete', reason });
});

test.each([
  ['texts by an estimate', ['a'.repeat(25)]],
  [
    'texts of tokens by their length',
    [
      [1, 2, 3, 4],
      [5, 6, 7, 8, 9, 10],
    ],
  ],
])('vectors are paid for by their input, and none is reserved for an answer: %s', async (_how, input) => {
  const vectors = async (run: number) => {
    const provider = scriptedProvider(() => [says.text('[]'), says.end()]);
    const spec = runSpec({ embed: { input } as EmbeddingsOrder, messages: [] });
    const price = { input: 1_000_000, cachedInput: 0, output: 1_000_000 };
    const spend = { ...spendOf({ run }, memorySpendLedger()), price };
    return { ...(await attempt({ spec, provider, ports: { spend } })), asked: provider.asked };
  };
  // An incomplete answer would be an empty list of vectors, which looks like a success.
  const { error, asked } = await vectors(9);
  expect(error).toMatchObject({ code: 'invalid_request', param: 'max_cost' });
  expect(asked).toEqual([]);
  expect((await vectors(10)).end).toMatchObject({ type: 'run.completed' });
});

test('a call that cannot be paid for is not made', async () => {
  const { end, asked } = await ran({ run: 255 });
  expect(end).toEqual({ type: 'run.incomplete', reason: 'max_cost', limit: { scope: 'run', maxCost: 255, cost: 0 } });
  expect(asked).toEqual([]);
});

test.each([
  ['length', { type: 'run.incomplete', reason: 'max_cost' }],
  ['stop', { type: 'run.completed' }],
] as const)('an answer is bounded to what can be paid for; one that ends with %s', async (finish, expected) => {
  const { end, asked } = await ran({ run: 300 }, { finish });
  expect(asked).toEqual([300]);
  expect(end).toMatchObject(expected);
});

test('an answer that its own bound cuts is no matter of money', async () => {
  const { end } = await ran({ run: 5_000 }, { finish: 'length' });
  expect(end).toEqual({ type: 'run.incomplete', reason: 'max_output_tokens' });
});

test('runs of a session share its bound, and each is settled with what it has cost', async () => {
  const ledger = memorySpendLedger();
  const limits = { session: 260 };
  // Each answer costs three units.
  expect((await ran(limits, { ledger, runId: 'a' })).asked).toEqual([260]);
  expect((await ran(limits, { ledger, runId: 'b' })).asked).toEqual([257]);
  const third = await ran(limits, { ledger, runId: 'c' });
  expect(third.asked).toEqual([]);
  expect(third.end).toMatchObject({ reason: 'max_cost', limit: { scope: 'session', maxCost: 260 } });
});

test('an answer that breaks off counts with an estimate of what it had read and written, not with its reservation', async () => {
  const ledger = memorySpendLedger();
  const provider = scriptedProvider(() => [says.text('twenty-five characters...')]);
  const ports = { spend: spendOf({ session: 2_000 }, ledger, 'a') };
  const { error } = await attempt({ spec: runSpec(), provider, ports });
  expect(error).toMatchObject({ code: 'upstream_cut' });
  // Ten tokens of an answer at one unit each; the input costs nothing.
  expect((await ran({ session: 500 }, { ledger, runId: 'b' })).asked).toEqual([490]);
});
