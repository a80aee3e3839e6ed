import { EMPTY_SNAPSHOT, type Turn } from '#libs/contract';
import { sessionOf } from '../../../apps/worker/src/session-of.js';

const turn = (runId: string, sessionId?: string): Turn => ({
  runId,
  owner: 'ann',
  snapshot: { ...EMPTY_SNAPSHOT, runId, ...(sessionId !== undefined && { sessionId }) },
});
const historyOf = (...turns: readonly Turn[]) => ({ turns: async () => turns });

test.each([
  ['its own session', { sessionId: 's', parentId: 'run_2' }, historyOf(turn('run_1', 'other')), 's'],
  ['none when it stands alone', {}, historyOf(), undefined],
  ['the first run of its chain', { parentId: 'run_2' }, historyOf(turn('run_1'), turn('run_2')), 'run_1'],
  ['the session of the first run', { parentId: 'run_2' }, historyOf(turn('run_1', 's'), turn('run_2')), 's'],
  ['the run it continues, when nothing is known of it', { parentId: 'run_2' }, historyOf(), 'run_2'],
])('a run works in %s', async (_what, spec, history, expected) => {
  expect(await sessionOf(spec, history)).toBe(expected);
});
