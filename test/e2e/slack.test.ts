import { setTimeout as sleep } from 'node:timers/promises';
import { FakeSlack, SLACK_BOT, signedBySlack, type SlackMessage } from '../support/chats/fake-slack.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Slack on real processes: messengers, a worker, the store, a Redis, and a Slack that enforces its limits. */
let slack: FakeSlack;
let upstream: FakeUpstream;
let stack: Stack;
let messengers: Service[];
const SECRET = 'signing-secret-of-tests';
const AT = `<@${SLACK_BOT}>`;

beforeAll(async () => {
  slack = new FakeSlack();
  const [root, fake] = await Promise.all([slack.start(), startFakeUpstream()]);
  upstream = fake;
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: talaria, upstream: fake, model: 'ok:n=40,gap=20' }
  - { name: slow, upstream: fake, model: 'ok:n=300,gap=20' }
  - { name: asks, upstream: fake, model: 'tools' }
slack:
  chats:
    - { chat: C2, model: slow }
    - { chat: D3, model: slow }
    - { chat: C4, model: slow }
    - { chat: D4, model: asks }
    - { chat: C6, model: slow }
approvals: { rules: [{ tool: current_time, policy: always }] }
`;
  const env = {
    SLACK_BOT_TOKEN: 'xoxb-0123456789-test',
    SLACK_APP_TOKEN: 'xapp-0123456789-test',
    SLACK_SIGNING_SECRET: SECRET,
    SLACK_API_ROOT: root,
    SLACK_ALLOWED_USERS: 'U7,U8',
    SLACK_EDIT_MS: '1000',
    TOOLS: 'current_time',
  };
  stack = await startStack({ apis: 0, workers: 1, env, settings });
  messengers = await Promise.all([stack.start('messenger'), stack.start('messenger')]);
}, 240_000);
afterAll(async () => {
  await stack?.stop();
  await Promise.all([upstream?.stop(), slack?.stop()]);
});
afterEach(() => {
  slack.mishap = () => undefined;
  expect(slack.limits.violations).toEqual([]);
});

const words = (count: number): RegExp => new RegExp(`^(\\S+\\s+){${count - 1}}\\S+$`);
const answer = (channel: string, text: RegExp, ms = 60_000): Promise<SlackMessage> =>
  until(() => slack.of(channel).find((one) => text.test(one.text)), { ms, what: `an answer in ${channel}` });
const callsOf = (channel: string): string[] =>
  slack.calls.filter((call) => call.channel === channel).map(({ method }) => method);

test('a mention begins a thread, in which the answer grows as a stream; what follows there needs no mention', async () => {
  slack.say('C1', 'not for you');
  const { ts } = slack.say('C1', `${AT} hello`);
  const message = await answer('C1', words(40));
  await until(() => !message.grows, { ms: 20_000 });
  expect(message.thread).toBe(ts);
  expect(message.versions.length).toBeGreaterThan(1);
  expect(callsOf('C1')[0]).toBe('chat.startStream');
  expect(callsOf('C1')).toContain('chat.stopStream');
  slack.say('C1', 'and more?', { thread: ts });
  slack.say('C1', 'a thread without the bot', { thread: '1.000001' });
  await until(() => slack.of('C1').length === 2, { ms: 60_000 });
  await until(() => slack.of('C1').every((one) => !one.grows && words(40).test(one.text)), { ms: 60_000 });
  expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([
    { content: 'hello' },
    { role: 'assistant' },
    { content: 'and more?' },
  ]);
});

test('the stop button of a stream stops the run', async () => {
  slack.say('C2', `${AT} hello`);
  const message = await until(() => slack.of('C2').find((one) => one.grows && one.versions.length > 1), { ms: 60_000 });
  slack.stopGrowing(message);
  const stopped = await answer('C2', /\[Stopped\]$/);
  expect(stopped.ts).toBe(message.ts);
  expect(stopped.text).not.toMatch(words(300));
});

test('in private the answer grows by edits, and its button stops it', async () => {
  slack.say('D3', 'hello');
  const message = await until(() => slack.of('D3').find((one) => one.buttons.length > 0), { ms: 60_000 });
  slack.press(message, message.buttons[0]?.value ?? '');
  await answer('D3', /\[Stopped\]$/);
  await until(() => message.buttons.length === 0, { ms: 20_000 });
  await until(() => slack.ephemeral.some(({ text }) => text === 'Stopping.'), { ms: 20_000 });
  slack.say('D3', '!status');
  await answer('D3', /^Model: slow/);
});

test('an approval is asked for with buttons, and only who asked can press them', async () => {
  slack.say('D4', 'what time is it?');
  const ask = await answer('D4', /^May current_time be called/);
  const allow = ask.buttons[0]?.value ?? '';
  slack.press(ask, allow, 'U8');
  await until(() => slack.ephemeral.some(({ text }) => text.startsWith('Only who was asked')), { ms: 20_000 });
  slack.press(ask, allow, 'U7');
  await answer('D4', /Allowed \(once\)\./);
  await until(() => slack.of('D4').length === 2, { ms: 30_000 });
  expect(ask.buttons).toEqual([]);
});

test.each([
  ['D5', 'chat.postMessage', 'cut-after'],
  ['D7', 'chat.postMessage', 'cut-before'],
  ['C3', 'chat.startStream', 'cut-after'],
  ['C4', 'chat.appendStream', 'cut-after'],
  ['C7', 'chat.stopStream', 'cut-after'],
] as const)('in %s, %s: %s, the answer stands there once', async (channel, method, kind) => {
  let cuts = 0;
  slack.mishap = (call) => (call.method === method && call.channel === channel && cuts++ === 0 ? { kind } : undefined);
  slack.say(channel, `${AT} hello`);
  await answer(channel, words(channel === 'C4' ? 300 : 40));
  await until(() => slack.of(channel).every(({ grows }) => !grows), { ms: 20_000 });
  expect(slack.of(channel)).toHaveLength(1);
  expect(cuts).toBeGreaterThan(0);
});

test('a penalty is obeyed, and the final text comes after it', async () => {
  slack.mishap = ({ method, channel }) =>
    method === 'chat.update' && channel === 'D6' && !callsOf('D6').includes('chat.update')
      ? { kind: 'penalty', seconds: 4 }
      : undefined;
  slack.say('D6', 'hello');
  await answer('D6', words(40));
  const [first, second] = slack.calls.filter((call) => call.channel === 'D6' && call.method === 'chat.update');
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(4_000);
});

test('the messenger at the socket is killed in the middle of a stream: another one goes on, the text once', async () => {
  slack.say('C6', `${AT} hello`);
  await until(() => slack.of('C6').some((one) => one.versions.length > 1), { ms: 60_000 });
  await messengers[0]?.kill('SIGKILL');
  messengers[0] = await stack.start('messenger');
  await answer('C6', words(300), 120_000);
  await until(() => slack.of('C6').every(({ grows }) => !grows), { ms: 30_000 });
  expect(slack.of('C6')).toHaveLength(1);
  await until(() => slack.connections > 0, { ms: 60_000 });
  slack.recycle();
  slack.say('D8', 'hello');
  await answer('D8', words(40));
});

test('events come to the webhook as well, signed; a forged one is refused, one that comes twice is heard once', async () => {
  const url = `${messengers[1]?.url}/webhooks/slack`;
  const post = (body: string, headers: object, type = 'application/json') =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  const challenge = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
  const asked = await post(challenge, signedBySlack(SECRET, challenge));
  expect([asked.status, await asked.json()]).toEqual([200, { challenge: 'abc' }]);
  const event = { type: 'message', channel: 'D9', user: 'U7', text: 'hello', ts: '99.000001' };
  const body = JSON.stringify({ type: 'event_callback', event_id: 'E1', event });
  expect((await post(body, signedBySlack('wrong', body))).status).toBe(401);
  for (let i = 0; i < 2; i++) expect((await post(body, signedBySlack(SECRET, body))).status).toBe(200);
  await answer('D9', words(40));
  await sleep(1_500);
  expect(slack.of('D9')).toHaveLength(1);
  const form = new URLSearchParams({ payload: JSON.stringify({ type: 'block_actions' }) }).toString();
  expect((await post(form, signedBySlack(SECRET, form), 'application/x-www-form-urlencoded')).status).toBe(200);
});
