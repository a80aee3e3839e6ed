import type { RunSnapshot } from '#libs/contract';
import { AnswerTeller } from '../../../apps/messenger/src/answers/tell-answer.js';
import { answerTask, chatOpening } from '../../support/chats/chat-opening.js';
import { runSnapshot } from '../../support/run-snapshot.js';
import { until } from '../../support/until.js';

const parked = (): RunSnapshot =>
  runSnapshot({
    status: 'waiting_for_approval',
    items: [
      {
        type: 'tool_call',
        step: 1,
        status: 'in_progress',
        callId: 'c1',
        name: 'shell',
        arguments: '{}',
        executedBy: 'server',
        ready: true,
        dispatched: false,
        approval: { approvalId: 'ap1', requestedAt: 1, expiresAt: 2 },
      },
    ],
  });

test('a run that was parked before anybody listened has its buttons', async () => {
  const { opening, posted } = await chatOpening({ snapshot: parked() });
  const telling = new AnswerTeller(opening, answerTask()).tell();
  await until(() => posted.length > 0, { ms: 5_000 });
  opening.book.end();
  await expect(telling).rejects.toMatchObject({ name: 'ChatLost' });
  expect(posted).toMatchObject([{ kind: 'send', content: { buttons: { length: 4 } } }]);
});
