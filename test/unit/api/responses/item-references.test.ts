import type { RunDraft } from '#libs/contract';
import { PrepareResponse, type PrepareParts } from '../../../../apps/api/src/responses/prepare-response.js';
import { API_LIMITS } from '../../../../apps/api/src/words/api-limits.js';

const runIdOf = (i: number): string => `run_${i.toString(16).padStart(32, '0')}`;

/** A request with so many references, each to another run; no run is there. */
function draftWith(count: number): RunDraft {
  const input = Array.from({ length: count }, (_, i) => ({
    type: 'item_reference',
    id: `msg_${i.toString(16).padStart(32, '0')}o1`,
  }));
  return { input, messages: [], echo: {} } as unknown as RunDraft;
}

test('references that lead nowhere are looked up as far as the first of them, and named', async () => {
  const lookedUp: string[] = [];
  const finder = { lookUp: async (runId: string) => void lookedUp.push(runId) };
  const parts = { finder, logger: { info: () => undefined } } as unknown as PrepareParts;
  const prepared = new PrepareResponse(parts).complete(draftWith(1_900), { owner: 'ann', runId: runIdOf(9) });
  await expect(prepared).rejects.toMatchObject({ code: 'not_found', param: 'input[0].id' });
  expect(lookedUp.length).toBeLessThanOrEqual(API_LIMITS.referencesAtOnce);
});
