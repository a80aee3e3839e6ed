import { setTimeout as sleep } from 'node:timers/promises';
import { FakeTelegram, type FakeMessage } from '../support/chats/fake-telegram.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Chats on real processes: messengers, workers, the store, a Redis, and a Telegram that enforces its limits. */
let telegram: FakeTelegram;
let upstream: FakeUpstream;
let stack: Stack;
let messengers: Service[];
let env: Record<string, string>;

beforeAll(async () => {
  telegram = new FakeTelegram();
  const [root, fake] = await Promise.all([telegram.start(), startFakeUpstream()]);
  upstream = fake;
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: talaria, upstream: fake, model: 'ok:n=40,gap=20' }
  - { name: slow, upstream: fake, model: 'ok:n=400,gap=20' }
  - { name: asks, upstream: fake, model: 'tools' }
telegram:
  chats:
    - { chat: -500, model: slow }
    - { chat: 31, model: slow }
    - { chat: 32, model: slow }
    - { chat: 41, model: asks }
approvals: { rules: [{ tool: current_time, policy: always }] }
`;
  env = {
    TELEGRAM_BOT_TOKEN: '123456:abcdefghijklmnop',
    TELEGRAM_API_ROOT: root,
    TELEGRAM_ALLOWED_USERS: '7,8',
    TELEGRAM_EDIT_MS: '1000',
    TOOLS: 'current_time',
  };
  stack = await startStack({ apis: 0, workers: 2, scheduler: true, env, settings });
  messengers = await Promise.all([stack.start('messenger'), stack.start('messenger')]);
}, 240_000);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([upstream?.stop(), telegram?.stop()]);
});
afterEach(() => {
  telegram.mishap = () => undefined;
  expect(telegram.violations).toEqual([]);
});

const words = (count: number): RegExp => new RegExp(`^(\\S+\\s+){${count - 1}}\\S+$`);
/** The only message of the bot in a chat, once it reads so. */
const answer = (chat: number, text: RegExp, ms = 60_000): Promise<FakeMessage> =>
  until(() => telegram.of(chat).find((one) => text.test(one.text)), { ms, what: `an answer in ${chat}` });

test('an answer streams into a chat: one message, edited, then the whole text; nobody else is heard', async () => {
  const update = telegram.say(21, 'hello');
  telegram.repeat(update);
  telegram.say(22, 'I am a stranger', { user: 666 });
  const message = await answer(21, words(40));
  await sleep(1_500);
  expect(telegram.of(21)).toHaveLength(1);
  expect(message.replyTo).toBe(update.message.message_id);
  expect(message.versions.length).toBeGreaterThan(1);
  expect(telegram.of(22)).toEqual([]);
});

test('in a group it answers who mentions it, and keeps to the limits of groups', async () => {
  telegram.say(-500, 'not for you');
  telegram.say(-500, 'hello @talaria_bot', { thread: 3 });
  const message = await answer(-500, words(400));
  expect(message.thread).toBe(3);
  expect(telegram.of(-500)).toHaveLength(1);
  expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([{ content: 'hello' }]);
});

test('messenger and worker are killed in the middle of an answer, with a penalty in between: the text once', async () => {
  telegram.say(31, 'hello');
  await until(() => telegram.of(31).length > 0, { ms: 30_000 });
  telegram.penalise(31, 4);
  await messengers[0]?.kill('SIGKILL');
  await stack.workers[0]?.kill('SIGKILL');
  messengers[0] = await stack.start('messenger');
  await answer(31, words(400), 120_000);
  await sleep(1_500);
  expect(telegram.of(31)).toHaveLength(1);
});

test('/stop stops what is being answered', async () => {
  telegram.say(32, 'hello');
  await until(() => telegram.of(32).length > 0, { ms: 30_000 });
  telegram.say(32, '/stop');
  const stopped = await answer(32, /\[Stopped\]$/);
  expect(stopped.text).not.toMatch(words(401));
  await answer(32, /^Stopping\.$/);
});

test('an approval is asked for with buttons, and only who asked can press them', async () => {
  telegram.say(41, 'what time is it?');
  const ask = await answer(41, /^May current_time be called/);
  const allow = ask.buttons[0]?.callback_data ?? '';
  telegram.press(ask, allow, 8);
  await until(() => telegram.answers.some(({ text }) => text.startsWith('Only who was asked')), { ms: 20_000 });
  telegram.press(ask, allow, 7);
  await until(() => telegram.of(41).some(({ text }) => text.includes('Allowed (once).')), { ms: 30_000 });
  await until(() => telegram.of(41).length === 2, { ms: 30_000 });
  expect(ask.buttons).toEqual([]);
});

test('a send whose outcome is unknown is looked up and edited, never sent again', async () => {
  let cuts = 0;
  telegram.mishap = ({ method, chat }) =>
    method === 'sendMessage' && chat === 51 && cuts++ === 0 ? { kind: 'cut-after' } : undefined;
  telegram.say(51, 'hello');
  await answer(51, words(40));
  expect(telegram.of(51)).toHaveLength(1);
  cuts = 0;
  telegram.mishap = ({ method, chat }) =>
    method === 'sendMessage' && chat === 52 && cuts++ === 0 ? { kind: 'cut-before' } : undefined;
  telegram.say(52, 'hello');
  await answer(52, words(40));
  expect(telegram.of(52)).toHaveLength(1);
  let failures = 0;
  telegram.mishap = ({ chat }) =>
    chat === 53 && failures++ < 3
      ? { kind: 'status', status: 502, description: 'Bad Gateway', ...(failures % 2 === 0 && { after: true as const }) }
      : undefined;
  telegram.say(53, 'hello');
  await answer(53, words(40));
  expect(telegram.of(53)).toHaveLength(1);
});
