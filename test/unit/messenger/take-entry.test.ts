import type { Inbound } from '#libs/messengers';
import { noteAsks } from '../../../apps/messenger/src/answers/asks.js';
import { takeEntry } from '../../../apps/messenger/src/chats/take-entry.js';
import { createTargets } from '#libs/delivery';
import { discordCapabilities } from '../../../libs/messengers/src/discord/capabilities.js';
import { slackCapabilities } from '../../../libs/messengers/src/slack/capabilities.js';
import { telegramCapabilities } from '../../../libs/messengers/src/telegram/capabilities.js';
import { answerTask, chatOpening, type ChatWorld } from '../../support/chats/chat-opening.js';
import { parkedRun } from '../../support/chats/parked-run.js';

type Message = Extract<Inbound, { kind: 'message' }>;
const message = (more: Partial<Message> = {}): Message => ({
  kind: 'message',
  chat: 'fake:1',
  isGroup: true,
  thread: '',
  userId: '7',
  id: '20',
  text: 'blue',
  photos: [],
  ...more,
});
const entry = (inbound: Inbound) => ({ entryId: `u${Math.random()}`, kind: 'inbound', inbound }) as const;

/** A chat in which a run asks for a text, in the message 10. */
async function asked(capabilities: ChatWorld['capabilities'] = {}, thread = '2', userId = '7') {
  const world = await chatOpening({ capabilities });
  const task = answerTask({ thread, userId });
  noteAsks(task, parkedRun({ message: 'Which colour?' }), world.opening.capabilities);
  const [ask] = task.asks;
  if (!ask) throw new Error('nothing is asked');
  ask.piece.id = '10';
  world.state.tasks.push(task);
  return { ...world, question: ask.question };
}

test.each([
  ['the next message in the thread', { thread: '2' }, true],
  ['one in another thread', { thread: '3' }, false],
  ['one of somebody else', { thread: '2', userId: '8' }, false],
  ['one that was written before the question was shown', { thread: '2', id: '9' }, false],
  ['one in the thread of the question, without a mention', { thread: '10', isUnaddressed: true as const }, true],
])('where nothing is a reply, %s: answers the question: %s', async (_what, more, isAnswer) => {
  const { opening, given, question } = await asked({ replies: false });
  expect(question).toMatch(/Answer with your next message here/);
  await takeEntry(opening, entry(message(more)));
  expect(given).toHaveLength(isAnswer ? 1 : 0);
});

test('where nothing is a reply, what a job asks outside of threads is answered in the thread of the question', async () => {
  const { opening, given, question, state } = await asked({ replies: false }, '', '');
  expect(question).toMatch(/Answer in the thread of this message/);
  await takeEntry(opening, entry(message({ thread: '11', isUnaddressed: true })));
  expect([given.length, state.tasks.length]).toEqual([0, 1]);
  await takeEntry(opening, entry(message({ thread: '10', userId: '8', isUnaddressed: true })));
  expect(given).toMatchObject([{ answers: 'blue' }]);
});

test('where messages can be replies, only a reply answers', async () => {
  const { opening, given, question } = await asked();
  expect(question).toMatch(/Reply to this message/);
  await takeEntry(opening, entry(message({ thread: '2' })));
  expect(given).toEqual([]);
  await takeEntry(opening, entry(message({ thread: '2', repliesTo: '10' })));
  expect(given).toHaveLength(1);
});

test('jobs deliver where the server of the chat is let in, and a chat that is not is no home', async () => {
  const capabilities = { isAllowedChat: (id: string) => id === '500' };
  const { opening, state, homes, desk } = await chatOpening({ capabilities });
  const delivery = { kind: 'delivery', entryId: 'd1', owner: 'alice', thread: '', text: 'x' } as const;
  await takeEntry(opening, entry(message({ text: '!sethome' })));
  expect(homes).toEqual([]);
  await takeEntry(opening, delivery);
  expect(await desk.outcome('d1')).toMatchObject({ kind: 'failed' });
  await takeEntry(opening, entry(message({ text: '!sethome', server: '500' })));
  expect(homes).toEqual(['alice fake 1']);
  await takeEntry(opening, { ...delivery, entryId: 'd2' });
  expect(state.tasks.at(-1)).toMatchObject({ id: 'd2', isDelivery: true });
});

const lists = { token: 't', allowedUsers: ['7'], allowedChats: ['-100123', 'C0123', '2222'] };
const platforms = {
  telegram: telegramCapabilities(lists),
  slack: slackCapabilities({ ...lists, threads: true, streams: true }),
  discord: discordCapabilities(lists),
};

test.each([
  ['telegram', '/sethome', '-100123', '12', '-100123:12'],
  ['telegram', '/sethome', '7', '', '7'],
  ['slack', '!sethome', 'C0123', '1700000000.000100', 'C0123:1700000000.000100'],
  ['discord', '!sethome', '2222', '', '2222'],
] as const)('%s: %s in %s, thread "%s", makes it the home chat %s, where jobs can deliver', async (...given) => {
  const [name, text, chatId, thread, address] = given;
  const { opening, homes } = await chatOpening({ capabilities: platforms[name] });
  await takeEntry({ ...opening, chatId }, entry(message({ text, thread })));
  expect(homes).toEqual([`alice fake ${address}`]);
  const target = createTargets({ webhookAllowedHosts: [] }).find(({ scheme }) => scheme === name);
  expect(target?.problemOf(address)).toBeUndefined();
});

test.each(['telegram', 'slack', 'discord'] as const)(
  '%s: a stranger makes no home of a chat that is not listed, and a job finds out why it cannot deliver there',
  async (name) => {
    const { opening, homes, desk, logged } = await chatOpening({ capabilities: platforms[name] });
    const sethome = message({ text: `${platforms[name].commandSign}sethome`, userId: '8' });
    await takeEntry({ ...opening, chatId: '404' }, entry(sethome));
    expect(homes).toEqual([]);
    const delivery = { kind: 'delivery', entryId: 'd1', owner: 'alice', thread: '', text: 'x' } as const;
    await takeEntry({ ...opening, chatId: '404' }, delivery);
    const why = 'the chat is not on the allow-list of the messenger';
    expect(await desk.outcome('d1')).toEqual({ kind: 'failed', why });
    expect(logged).toEqual([expect.stringContaining(why)]);
  },
);
