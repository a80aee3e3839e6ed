import { memoryApprovalMemory } from '#libs/bus';
import type { LiveRun, StoredAccounts } from '#libs/contract';
import { OwnerDesk } from '../../../../apps/api/src/accounts/owner-desk.js';

/** What the deletion of a name does besides its rows. */
const head = (ended: boolean): NonNullable<LiveRun['head']> => ({ ended }) as NonNullable<LiveRun['head']>;

interface World {
  rows?: number;
  live?: LiveRun[];
  shared?: string[];
}

function deskOf({ rows = 0, live = [], shared = [] }: World) {
  const steps: string[] = [];
  const approvals = memoryApprovalMemory();
  let left = rows;
  const accounts: Pick<StoredAccounts, 'owners' | 'moveJobs' | 'moveRows' | 'sharedSessions' | 'erase'> = {
    owners: async () =>
      left > 0 ? [{ owner: 'gone', jobs: 0, runs: left, sessions: 0, conversations: 0, webhooks: 3 }] : [],
    moveJobs: async () => 0,
    sharedSessions: async () => shared,
    moveRows: async () => {
      const moved = Math.min(left, 2);
      left -= moved;
      return { rows: moved, runIds: Array.from({ length: moved }, (_, i) => `run_${left + i}`) };
    },
    erase: async () => {
      steps.push('rows');
      const gone = Math.min(left, 2);
      left -= gone;
      return gone;
    },
  };
  const none = (): never => {
    throw new Error('Not asked here.');
  };
  const desk = new OwnerDesk({
    accounts,
    approvals,
    log: { remove: async (runIds) => void steps.push(`forget ${runIds.join(' ')}`) },
    jobs: { list: none, view: none, remove: none },
    live: { list: async (owner) => (owner === 'gone' ? live : []) },
    runs: {
      cancel: async (runId) => {
        steps.push(`cancel ${runId}`);
        const at = live.findIndex((run) => run.runId === runId);
        live.splice(at, 1);
      },
    },
    names: new Set(['alice', 'bob']),
  });
  return { desk, approvals, steps };
}

test('what the name has allowed for ever is withdrawn: a later key of the name does not inherit it', async () => {
  const { desk, approvals } = deskOf({ rows: 3 });
  await approvals.remember({ owner: 'gone', session: 's' }, 'terminal', 'always');
  await approvals.remember({ owner: 'alice', session: 's' }, 'terminal', 'always');
  expect(await desk.erase('gone')).toMatchObject({ rows: 3, approvals: 1, done: true, remains: ['workspaces'] });
  expect(await approvals.recall({ owner: 'gone', session: 'other' }, 'terminal')).toBeUndefined();
  expect(await approvals.always('alice')).toEqual(['terminal']);
});

test('permissions alone are something to delete; then nothing is left', async () => {
  const { desk, approvals } = deskOf({});
  await approvals.remember({ owner: 'gone', session: 's' }, 'terminal', 'always');
  expect(await desk.erase('gone')).toMatchObject({ rows: 0, approvals: 1, done: true });
  await expect(desk.erase('gone')).rejects.toMatchObject({ code: 'not_found' });
});

test('runs that go on are ended before their rows go', async () => {
  const live: LiveRun[] = [{ runId: 'run_1', createdAt: 1, head: head(false) }];
  const { desk, steps } = deskOf({ rows: 1, live });
  expect(await desk.erase('gone')).toMatchObject({ live_runs: 1, done: true });
  expect(steps).toEqual(['cancel run_1', 'rows', 'rows']);
});

test('while a run has yet to reach the store the deletion is not done', async () => {
  const { desk, steps } = deskOf({ live: [{ runId: 'run_1', createdAt: 1, head: head(true) }] });
  expect(await desk.erase('gone')).toMatchObject({ live_runs: 1, done: false });
  expect(steps).not.toContain('cancel run_1');
});

test('nothing of a key of the settings is touched', async () => {
  const { desk, approvals } = deskOf({ rows: 1 });
  await approvals.remember({ owner: 'alice', session: 's' }, 'terminal', 'always');
  await expect(desk.erase('alice')).rejects.toMatchObject({ code: 'forbidden' });
  expect(await approvals.always('alice')).toHaveLength(1);
});

describe('giving all rows to a key', () => {
  test('without a confirmation tells the numbers and changes nothing', async () => {
    const { desk, approvals, steps } = deskOf({ rows: 3 });
    await approvals.remember({ owner: 'gone', session: 's' }, 'terminal', 'always');
    expect(await desk.moveAll('gone', { to: 'alice', confirm: false })).toMatchObject({
      confirmed: false,
      runs: 3,
      webhooks: 3,
      rows: 0,
      done: false,
    });
    expect([steps, await approvals.always('gone')]).toEqual([[], ['terminal']]);
  });

  test('moves them all, forgets the logs that name the old owner, and withdraws what it allowed', async () => {
    const { desk, approvals, steps } = deskOf({ rows: 3 });
    await approvals.remember({ owner: 'gone', session: 's' }, 'terminal', 'always');
    const answer = { moved_to: 'alice', confirmed: true, runs: 3, rows: 3, approvals: 1, done: true };
    expect(await desk.moveAll('gone', { to: 'alice', confirm: true })).toMatchObject(answer);
    expect(steps).toEqual(['forget run_1 run_2', 'forget run_0']);
    expect(await approvals.always('alice')).toEqual([]);
    await expect(desk.moveAll('gone', { to: 'alice', confirm: true })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is not done while a run has yet to reach the store', async () => {
    const { desk } = deskOf({ live: [{ runId: 'run_1', createdAt: 1, head: head(true) }] });
    expect(await desk.moveAll('gone', { to: 'alice', confirm: true })).toMatchObject({ live_runs: 1, done: false });
  });

  test.each([
    ['alice', 'alice', 'invalid_request', 'to'],
    ['gone', 'nobody', 'invalid_request', 'to'],
    ['bob', 'alice', 'forbidden', 'name'],
  ])('%s to %s is refused', async (from, to, code, param) => {
    const { desk } = deskOf({ rows: 1 });
    await expect(desk.moveAll(from, { to, confirm: true })).rejects.toMatchObject({ code, param });
  });

  test('sessions of the same id are never made one', async () => {
    const { desk, steps } = deskOf({ rows: 1, shared: ['main'] });
    const message = expect.stringContaining('main') as string;
    await expect(desk.moveAll('gone', { to: 'alice', confirm: true })).rejects.toMatchObject({
      code: 'session_exists',
      message,
    });
    expect(steps).toEqual([]);
  });
});
