import { turnOf } from '#libs/contract';
import { pageOfMessages } from '../../../../apps/api/src/sessions/session-messages.js';
import { runSnapshot } from '../../../support/run-snapshot.js';

const said = (runId: string) =>
  turnOf(runSnapshot({ runId, items: [{ type: 'text', step: 1, status: 'completed', text: 'Yes.' }] }), {
    messages: [{ role: 'user', content: 'Well?' }],
  });
const unkept = (runId: string) => turnOf(runSnapshot({ runId, items: [], contentKept: false }), undefined);

test('turns that were not kept have no messages, and are counted on every page; cursors go past them', () => {
  const turns = [said('run_1'), unkept('run_2'), said('run_3'), unkept('run_4')];
  const first = pageOfMessages(turns, 2);
  expect(first).toMatchObject({ hasMore: true, turnsNotKept: 2 });
  const last = first.messages.at(-1)?.['id'] as string;
  const second = pageOfMessages(turns, 2, last);
  expect(second).toMatchObject({ hasMore: false, turnsNotKept: 2 });
  expect([...first.messages, ...second.messages].map(({ run_id: run }) => run)).toEqual([
    ...['run_1', 'run_1'],
    ...['run_3', 'run_3'],
  ]);
});

test('of a session that was kept nothing is said', () => {
  expect(pageOfMessages([said('run_1')], 9).turnsNotKept).toBe(0);
});
