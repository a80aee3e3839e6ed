import type { Outcome } from '#libs/messengers';
import { AnswerTeller } from '../../../apps/messenger/src/answers/tell-answer.js';
import { answerTask, chatOpening } from '../../support/chats/chat-opening.js';
import { parkedRun } from '../../support/chats/parked-run.js';
import { until } from '../../support/until.js';

test('a run that was parked before anybody listened has its buttons', async () => {
  const { opening, posted } = await chatOpening({ snapshot: parkedRun() });
  const telling = new AnswerTeller(opening, answerTask()).tell();
  await until(() => posted.length > 0, { ms: 5_000 });
  opening.book.end();
  await expect(telling).rejects.toMatchObject({ name: 'ChatLost' });
  expect(posted).toMatchObject([{ kind: 'send', content: { buttons: { length: 4 } } }]);
});

test('a message too many is removed in the end, whatever the first try came to', async () => {
  const outcomes: Outcome[] = [{ kind: 'unknown', why: 'x' }, { kind: 'gone' }];
  const { opening, posted } = await chatOpening({
    post: ({ kind }) => (kind === 'remove' ? outcomes.shift() : undefined),
  });
  const task = answerTask({ parts: [{ id: '4', hash: 'h' }, { id: '6' }] });
  expect(await new AnswerTeller(opening, task).tell()).toBe('delivered');
  expect(posted.filter(({ kind }) => kind === 'remove')).toHaveLength(2);
  expect(task.parts[1]?.id).toBeUndefined();
});
