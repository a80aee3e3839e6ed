import { setTimeout as sleep } from 'node:timers/promises';
import { FakeTelegram, type FakeMessage } from '../support/chats/fake-telegram.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Telegram on real processes, with a webhook on two replicas and drafts: what comes in and what goes out. */
let telegram: FakeTelegram;
let upstream: FakeUpstream;
let stack: Stack;
let doors: readonly Service[];
const SECRET = 'secret-of-the-webhook';

beforeAll(async () => {
  telegram = new FakeTelegram();
  const [root, fake] = await Promise.all([telegram.start(), startFakeUpstream()]);
  upstream = fake;
  for (const [name, events] of questions()) upstream.scripts.set(name, events);
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: talaria, upstream: fake, model: 'ok:n=40,gap=20' }
  - { name: slow, upstream: fake, model: 'ok:n=400,gap=50' }
  - { name: asks, upstream: fake, model: 'script:name=asks' }
  - { name: long, upstream: fake, model: 'ok:n=12000' }
telegram:
  chats:
    - { chat: 7, model: slow }
    - { chat: 41, model: asks }
    - { chat: 42, model: asks }
    - { chat: 61, model: long }
`;
  const env = {
    TELEGRAM_BOT_TOKEN: '123456:abcdefghijklmnop',
    TELEGRAM_API_ROOT: root,
    TELEGRAM_ALLOWED_USERS: '7,8',
    TELEGRAM_EDIT_MS: '1000',
    TELEGRAM_DRAFTS: 'true',
    TELEGRAM_WEBHOOK_URL: 'https://bot.example.com/webhooks/telegram',
    TELEGRAM_WEBHOOK_SECRET: SECRET,
    TOOLS: 'clarify',
  };
  stack = await startStack({ apis: 0, workers: 1, scheduler: true, env, settings });
  doors = await Promise.all([stack.start('messenger'), stack.start('messenger')]);
}, 600_000);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([upstream?.stop(), telegram?.stop()]);
});
afterEach(() => expect(telegram.violations).toEqual([]));

/** A question with choices; then, with its result, an ordinary answer. */
function questions(): Map<string, (object | string)[]> {
  const chunk = (delta: object, finish: string | null): object => ({
    id: 'chatcmpl-asks',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'asks',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const args = JSON.stringify({ question: 'Which colour?', choices: ['red', 'green'] });
  const calls = [{ index: 0, id: 'call_0', type: 'function', function: { name: 'clarify', arguments: args } }];
  return new Map([
    ['asks', [chunk({ role: 'assistant', tool_calls: calls }, null), chunk({}, 'tool_calls'), 'data: [DONE]\n\n']],
    ['asks@1', [chunk({ role: 'assistant', content: 'Noted.' }, null), chunk({}, 'stop'), 'data: [DONE]\n\n']],
  ]);
}

let brought = 0;
/** Telegram brings an update to a replica, in turn. */
async function bring(update: object, secret = SECRET): Promise<number> {
  const door = doors[brought++ % doors.length];
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
  const answer = await fetch(`${door?.url}/webhooks/telegram`, {
    method: 'POST',
    headers,
    body: JSON.stringify(update),
  });
  return answer.status;
}

const words = (count: number): RegExp => new RegExp(`^(\\S+\\s+){${count - 1}}\\S+$`);
const answer = (chat: number, text: RegExp, ms = 60_000): Promise<FakeMessage> =>
  until(() => telegram.of(chat).find((one) => text.test(one.text)), { ms, what: `an answer in ${chat}` });

test('a webhook takes an update with its secret alone; one that comes to both replicas is heard once', async () => {
  await until(() => telegram.webhook, { ms: 60_000 });
  expect(telegram.webhook).toEqual({ url: 'https://bot.example.com/webhooks/telegram', secret: SECRET });
  const update = telegram.say(21, 'hello');
  expect(await bring(update, 'wrong')).toBe(401);
  expect(await Promise.all([bring(update), bring(update)])).toEqual([200, 200]);
  await answer(21, words(40));
  expect(await bring(update)).toBe(200);
  await sleep(1_500);
  expect(telegram.of(21)).toHaveLength(1);
  expect(upstream.requests).toHaveLength(1);
}, 300_000);

test('an answer grows as a draft and comes as a message; the stop button of the draft stops it', async () => {
  await bring(telegram.say(31, 'hello'));
  const message = await answer(31, words(40));
  expect(message.versions).toHaveLength(1);
  expect(telegram.drafts.get(31)?.length).toBeGreaterThan(0);
  // A private chat has the id of its user: a stop names nobody else.
  await bring(telegram.say(7, 'hello'));
  await until(() => telegram.drafts.has(7), { ms: 60_000 });
  await bring(telegram.stopDraft(7));
  const stopped = await answer(7, /\[Stopped\]$/);
  expect(stopped.text).not.toMatch(words(401));
  expect(telegram.of(7)).toHaveLength(1);
}, 300_000);

test.each([
  ['a button', 41],
  ['a reply in words', 42],
])(
  'a question is asked with its choices as buttons, and answered by %s, by who was asked',
  async (way, chat) => {
    await bring(telegram.say(chat, 'ask me'));
    const ask = await answer(chat, /^Which colour/);
    expect(ask.buttons.map(({ text }) => text)).toEqual(['red', 'green', 'Decline']);
    const green = ask.buttons[1]?.callback_data ?? '';
    await bring(telegram.press(ask, green, 8));
    await until(() => telegram.answers.some(({ text }) => text.startsWith('Only who was asked')), { ms: 30_000 });
    if (way === 'a button') await bring(telegram.press(ask, green));
    else await bring(telegram.say(chat, 'blue', { replyTo: ask.id }));
    await answer(chat, /Answered\.$/);
    await answer(chat, /^Noted\.$/);
    expect(ask.buttons).toEqual([]);
    const said = JSON.stringify(upstream.requests.at(-1)?.body['messages']);
    expect(said).toContain(way === 'a button' ? 'green' : 'blue');
  },
  300_000,
);

test('a photo goes to the model with its caption', async () => {
  await bring(telegram.say(62, 'what is this?', { photo: true }));
  await answer(62, words(40));
  const [message] = upstream.requests.at(-1)?.body['messages'] as { content: unknown }[];
  expect(message?.content).toMatchObject([
    { type: 'text', text: 'what is this?' },
    { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/jpeg;base64,/) as string } },
  ]);
}, 300_000);

test('an answer of a hundred thousand characters comes as twenty messages, the last one a file with all of it', async () => {
  await bring(telegram.say(61, 'hello'));
  const file = await until(() => telegram.of(61).find((one) => one.file !== undefined), { ms: 120_000 });
  expect(file.file).toBe('answer.md');
  // A message that was posted just before the file may be told of after it.
  await until(() => telegram.of(61).length >= 20);
  expect(telegram.of(61)).toHaveLength(20);
}, 600_000);
