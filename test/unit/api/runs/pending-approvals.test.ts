import { GatewayError, type RunSnapshot } from '#libs/contract';
import { pendingPage, type PendingOrder } from '../../../../apps/api/src/runs/pending-approvals.js';
import { runSnapshot } from '../../../support/run-snapshot.js';

/** Runs that wait, the newest first, each with the ids of its requests. */
const idOf = (n: number): string => `run_${String(n).padStart(32, '0')}`;
function waiting(n: number, requests: number): RunSnapshot {
  return runSnapshot({
    runId: idOf(n),
    status: 'waiting_for_approval',
    createdAt: n,
    items: Array.from({ length: requests }, (_, i) => ({
      type: 'tool_call' as const,
      step: 1,
      status: 'in_progress' as const,
      callId: `c${i}`,
      name: 'terminal',
      arguments: '{}',
      executedBy: 'server' as const,
      ready: true,
      dispatched: false,
      approval: { approvalId: `apr_${n}${i}`, requestedAt: n * 10 + i, expiresAt: 9_999 },
    })),
  });
}

function partsOf(runs: RunSnapshot[]) {
  return {
    runList: {
      page: async ({ limit, after }: { limit: number; after?: string }) => {
        const from = after === undefined ? 0 : runs.findIndex(({ createdAt }) => createdAt < parseInt(after, 10));
        const rest = from < 0 ? [] : runs.slice(from);
        const page = rest.slice(0, limit);
        const last = page.at(-1);
        return { runs: page, ...(last && rest.length > limit && { next: `${last.createdAt}.${last.runId}` }) };
      },
    },
    runs: {
      get: async (runId: string) => {
        const run = runs.find((one) => one.runId === runId);
        if (!run) throw new GatewayError('run_not_found', 'gone');
        return run;
      },
    },
  };
}

async function walk(runs: RunSnapshot[], limit: number, meanwhile: () => void = () => undefined): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const order: PendingOrder = { owner: 'alice', limit, ...(after !== undefined && { after }) };
    const page = await pendingPage(partsOf(runs), order);
    expect(page).toMatchObject({ object: 'list', has_more: page.next !== null });
    expect(page.data.length).toBeLessThanOrEqual(limit);
    pages.push(page.data.map(({ request }) => request.request_id));
    after = page.next ?? undefined;
    meanwhile();
  } while (after !== undefined && pages.length < 50);
  return pages;
}

const RUNS = (): RunSnapshot[] => [waiting(5, 1), waiting(4, 3), waiting(3, 0), waiting(2, 2), waiting(1, 1)];
const ALL = ['apr_10', 'apr_20', 'apr_21', 'apr_40', 'apr_41', 'apr_42', 'apr_50'];

test.each([1, 2, 3, 4, 6, 7, 8, 100])(
  'pages of %i give every request once, whatever run it belongs to',
  async (limit) => {
    const pages = await walk(RUNS(), limit);
    expect(pages.flat().sort()).toEqual(ALL);
    if (limit >= 7) expect(pages).toEqual([ALL]);
  },
);

test('a run that was answered or deleted between two pages takes nothing else away', async () => {
  const runs = RUNS();
  const pages = await walk(runs, 2, () => runs.splice(1, 1, waiting(4, 0)));
  expect(pages.flat()).toEqual(expect.arrayContaining(['apr_50', 'apr_40', 'apr_20', 'apr_21', 'apr_10']));
});

test.each(['', 'x', '5', '5.', `5.${idOf(5)}.`, `5.${idOf(5)}.apr.0`, `.${idOf(5)}`])(
  'after=%j is no cursor',
  async (after) => {
    const page = pendingPage(partsOf(RUNS()), { owner: 'alice', limit: 2, after });
    await expect(page).rejects.toMatchObject({ code: 'invalid_cursor', param: 'after' });
  },
);
