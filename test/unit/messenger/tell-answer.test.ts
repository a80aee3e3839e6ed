import type { Outcome } from '#libs/messengers';
import { AnswerTeller } from '../../../apps/messenger/src/answers/tell-answer.js';
import { discordCapabilities } from '../../../libs/messengers/src/discord/capabilities.js';
import { slackCapabilities } from '../../../libs/messengers/src/slack/capabilities.js';
import { telegramCapabilities } from '../../../libs/messengers/src/telegram/capabilities.js';
import { answerTask, chatOpening } from '../../support/chats/chat-opening.js';
import { parkedRun } from '../../support/chats/parked-run.js';
import { runSnapshot } from '../../support/run-snapshot.js';
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

const lists = { token: 't', allowedUsers: [], allowedChats: [] };
const platforms = [
  ['telegram', telegramCapabilities(lists)],
  ['slack', slackCapabilities({ ...lists, threads: true, streams: true })],
  ['discord', discordCapabilities(lists)],
] as const;

describe.each(platforms)('%s', (_name, { render, textMax }) => {
  const told = async (text: string) => {
    const snapshot = runSnapshot({
      status: 'completed',
      items: [{ type: 'text', step: 1, status: 'completed', text }],
    });
    const { opening, posted } = await chatOpening({ snapshot, capabilities: { render, textMax } });
    expect(await new AnswerTeller(opening, answerTask()).tell()).toBe('delivered');
    return posted.flatMap((step) => (step.kind === 'send' ? [step.content] : []));
  };

  test.each(['', '\n', '```\n```', '****'])('an answer of %j is a message that can be read', async (text) => {
    const [content, ...others] = await told(text);
    expect(content?.text.trim()).toBeTruthy();
    expect(others).toEqual([]);
  });

  test('an answer of a hundred thousand characters is told once, in its order', async () => {
    const text = Array.from({ length: 14_286 }, (_, i) => `w${String(i).padStart(5, '0')}`).join(' ');
    const contents = await told(text);
    expect(text.length).toBeGreaterThan(100_000);
    expect(contents).toHaveLength(render(text).length);
    const shown = contents.map((one) => one.text).join(' ');
    const numbers = [...shown.matchAll(/w(\d{5})/g)].map(([, number]) => Number(number));
    expect(numbers.findIndex((number, i) => number !== i)).toBe(-1);
  });
});
