import { memorySpendLedger } from '#libs/bus';
import type { AgentPorts } from '#libs/agent';
import { priceKey, type SpendLedger, type SpendLimits } from '#libs/contract';
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

test('a run that can be paid for is asked with its bound, and completes', async () => {
  const { end, asked } = await ran({ run: 5_000 });
  expect(end).toEqual({ type: 'run.completed', finishReason: 'stop' });
  expect(asked).toEqual([1_000]);
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
