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
