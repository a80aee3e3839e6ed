import { DISCORD_BOT, FakeDiscord, type DiscordMessage } from '../support/chats/fake-discord.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Discord on real processes: messengers, a worker, the store, a Redis, and a Discord that enforces its limits. */
let discord: FakeDiscord;
let upstream: FakeUpstream;
let stack: Stack;
let messengers: Service[];
const AT = `<@${DISCORD_BOT}>`;

beforeAll(async () => {
  discord = new FakeDiscord();
  const [root, fake] = await Promise.all([discord.start(), startFakeUpstream()]);
  upstream = fake;
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: talaria, upstream: fake, model: 'ok:n=40,gap=20' }
  - { name: slow, upstream: fake, model: 'ok:n=200,gap=60' }
  - { name: asks, upstream: fake, model: 'tools' }
discord:
  chats:
    - { chat: '102', model: slow }
    - { chat: '106', model: slow }
    - { chat: '104', model: asks }
approvals: { rules: [{ tool: current_time, policy: always }] }
`;
  const env = {
    DISCORD_BOT_TOKEN: 'token-of-a-bot-in-tests',
    DISCORD_API_ROOT: root,
    DISCORD_ALLOWED_USERS: '7,8',
    DISCORD_EDIT_MS: '1000',
    TOOLS: 'current_time',
  };
  stack = await startStack({ apis: 0, workers: 1, env, settings });
  messengers = await Promise.all([stack.start('messenger'), stack.start('messenger')]);
  await until(() => discord.sessions.begun > 0, { ms: 60_000 });
}, 600_000);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([upstream?.stop(), discord?.stop()]);
});
afterEach(() => {
  discord.mishap = () => undefined;
  expect(discord.limits.violations).toEqual([]);
});

const words = (count: number): RegExp => new RegExp(`^(\\S+\\s+){${count - 1}}\\S+$`);
const answer = (channel: string, text: RegExp, ms = 60_000): Promise<DiscordMessage> =>
  until(() => discord.of(channel).find((one) => text.test(one.text)), { ms, what: `an answer in ${channel}` });

test('a mention in a server and a message in private are answered: one message, edited, then the whole text', async () => {
  discord.say('100', 'not for you', { server: '500' });
  const id = discord.say('100', `${AT} hello`, { server: '500' });
  discord.say('101', 'hello');
  discord.say('109', 'I am a stranger', { user: '666' });
  const message = await answer('100', words(40));
  await answer('101', words(40));
  expect(message.replyTo).toBe(id);
  expect(message.versions.length).toBeGreaterThan(1);
  await until(() => message.buttons.length === 0, { ms: 20_000 });
  expect([discord.of('100').length, discord.of('101').length, discord.of('109').length]).toEqual([1, 1, 0]);
});

test('the button of a growing answer stops it', async () => {
  discord.say('102', 'hello');
  const message = await until(() => discord.of('102').find(({ buttons }) => buttons.length > 0), { ms: 60_000 });
  discord.press(message, message.buttons[0]?.custom_id ?? '');
  await answer('102', /\[Stopped\]$/);
  await until(() => discord.ephemeral.includes('Stopping.'), { ms: 20_000 });
});

test('an approval is asked for with buttons, and only who asked can press them', async () => {
  discord.say('104', 'what time is it?');
  const ask = await answer('104', /^May current_time be called/);
  const allow = ask.buttons[0]?.custom_id ?? '';
  discord.press(ask, allow, '8');
  await until(() => discord.ephemeral.some((text) => text.startsWith('Only who was asked')), { ms: 20_000 });
  discord.press(ask, allow, '7');
  await answer('104', /Allowed \(once\)\./);
  await until(() => discord.of('104').length === 2, { ms: 30_000 });
});

test.each([
  ['110', 'cut-after'],
  ['111', 'cut-before'],
  ['112', 'penalty'],
] as const)('in %s the first send meets a mishap (%s), and the answer stands there once', async (channel, kind) => {
  let count = 0;
  const mishap = kind === 'penalty' ? ({ kind, seconds: 3 } as const) : ({ kind } as const);
  discord.mishap = ({ route }) =>
    route === `POST /channels/${channel}/messages` && count++ === 0 ? mishap : undefined;
  discord.say(channel, 'hello');
  await answer(channel, words(40));
  expect(discord.of(channel)).toHaveLength(1);
});

test('the messengers are killed in the middle of an answer: the session goes on, and nothing is lost', async () => {
  discord.say('106', 'hello');
  await until(() => discord.of('106').some(({ versions }) => versions.length > 1), { ms: 60_000 });
  await Promise.all(messengers.map((one) => one.kill('SIGKILL')));
  discord.say('107', 'hello');
  messengers = [await stack.start('messenger')];
  // All of it fits into one message.
  await answer('106', words(200), 120_000);
  await answer('107', words(40), 120_000);
  expect([discord.of('106').length, discord.of('107').length]).toEqual([1, 1]);
  expect(discord.sessions.begun).toBe(1);
  expect(discord.sessions.resumed).toBeGreaterThan(0);
  discord.recycle();
  discord.say('108', 'hello');
  await answer('108', words(40));
});
