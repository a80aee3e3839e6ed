import { GatewayError, type OwnerRows } from '#libs/contract';
import { pino } from 'pino';
import { tellOrphans } from '../../../../apps/api/src/accounts/tell-orphans.js';

const rows = (owner: string, jobs: number): OwnerRows => ({ owner, jobs, runs: 0, sessions: 0, conversations: 0 });

async function told(
  owners: () => Promise<readonly OwnerRows[]>,
  signal = new AbortController().signal,
): Promise<string[]> {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  await tellOrphans({ owners }, { names: new Set(['alice']), logger, signal });
  return lines;
}

test('jobs of a name that no key has are told at the start, those of a key are not', async () => {
  expect(await told(async () => [rows('alice', 4), rows('local', 1), rows('old', 2), rows('quiet', 0)])).toEqual([
    '1 job belongs to "local", which no key opens: they go on firing; GET /internal/owners shows them to the admin',
    '2 jobs belong to "old", which no key opens: they go on firing; GET /internal/owners shows them to the admin',
    'Runs or sessions belong to "quiet", which no key opens: nobody sees them; GET /internal/owners shows them to the admin',
  ]);
});

test('a store that is away is no failure, and nothing waits for it after the end', async () => {
  const end = new AbortController();
  const lines = await told(async () => {
    end.abort();
    throw new GatewayError('unavailable', 'away');
  }, end.signal);
  expect(lines).toEqual([]);
});
