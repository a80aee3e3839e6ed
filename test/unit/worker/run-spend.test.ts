import type { SpendLedger } from '#libs/contract';
import { closeSpend, runSpend } from '../../../apps/worker/src/run-spend.js';
import { runSpec } from '../../support/run-spec.js';

/** The funds that a run of this job and session uses, by who owns it. */
async function fundsOf(owner: string): Promise<readonly string[]> {
  const used = new Set<string>();
  const ledger: SpendLedger = {
    reserve: async (fund) => {
      used.add(fund);
      return 1;
    },
    settle: async (fund) => void used.add(fund),
    close: async (fund) => void used.add(fund),
  };
  const parts = { ledger, prices: new Map(), termsOf: () => ({}) } as unknown as Parameters<typeof runSpend>[0];
  const spec = { ...runSpec(), owner, sessionId: 's', jobId: 'abcdef012345', spend: { session: 1, job: 2 } };
  const ports = runSpend(parts, spec);
  for (const scope of ['session', 'job'] as const) await ports?.settle(scope, 1);
  const settled = [...used];
  await closeSpend(parts, spec);
  expect([...used]).toEqual(settled);
  return settled;
}

test('a job keeps its fund when it moves to another key; sessions of two keys have one each', async () => {
  const [ann, bob] = [await fundsOf('ann'), await fundsOf('bob')];
  expect(ann).toHaveLength(2);
  expect(ann.filter((fund) => bob.includes(fund))).toEqual([expect.stringContaining('abcdef012345')]);
});
