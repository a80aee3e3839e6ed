import { DiscordAPIError, HTTPError, RateLimitError } from '@discordjs/rest';
import { discordCapabilities } from '../../../libs/messengers/src/discord/capabilities.js';
import { discord } from '../../../libs/messengers/src/discord/discord.js';
import { readEvent } from '../../../libs/messengers/src/discord/read-event.js';
import { readOutcome } from '../../../libs/messengers/src/discord/read-outcome.js';
import type { Inlet } from '#libs/messengers';
import { FakeDiscord } from '../../support/chats/fake-discord.js';
import { until } from '../../support/until.js';

const hearing = { botId: '99', users: new Set(['7']), chats: new Set(['5', '500']) };
const said = (more: object) =>
  ({
    op: 0,
    t: 'MESSAGE_CREATE',
    s: 3,
    d: {
      id: '31',
      channel_id: '1',
      author: { id: '7' },
      content: 'hi',
      mentions: [],
      attachments: [],
      type: 0,
      ...more,
    },
  }) as unknown as Parameters<typeof readEvent>[0];
const atUs = { content: '<@99> hey', mentions: [{ id: '99' }] };
const messageOf = (event: Parameters<typeof readEvent>[0]) => {
  const inbound = readEvent(event, hearing)?.inbound;
  return inbound?.kind === 'message' ? inbound : undefined;
};

test.each([
  ['a listed user in private', said({}), 'hi'],
  ['a stranger in private', said({ author: { id: '8' } }), undefined],
  ['a server without a mention', said({ guild_id: '500' }), undefined],
  ['a mention in a listed channel', said({ guild_id: '6', channel_id: '5', author: { id: '8' }, ...atUs }), 'hey'],
  ['a mention in a listed server', said({ guild_id: '500', author: { id: '8' }, ...atUs }), 'hey'],
  ['a mention by a stranger elsewhere', said({ guild_id: '6', author: { id: '8' }, ...atUs }), undefined],
  ['a listed user elsewhere', said({ guild_id: '6', ...atUs }), 'hey'],
  ['a reply to us', said({ guild_id: '6', type: 19, referenced_message: { id: '2', author: { id: '99' } } }), 'hi'],
  ['a bot', said({ author: { id: '7', bot: true } }), undefined],
  ['somebody joined', said({ type: 7 }), undefined],
  ['nothing to read', said({ content: '' }), undefined],
])('%s', (_what, event, text) => {
  expect(messageOf(event)?.text).toBe(text);
});

test('a message says which server its channel is part of', () => {
  expect(messageOf(said({ guild_id: '500', ...atUs }))?.server).toBe('500');
  expect(messageOf(said({}))?.server).toBeUndefined();
});

test('pictures that are not too large come with a message, a thread is a chat of its own', () => {
  const attachments = [
    { url: 'https://cdn.discordapp.com/a.png', content_type: 'image/png', size: 4 },
    { url: 'https://cdn.discordapp.com/b.png', content_type: 'image/png', size: 99_999_999 },
    { url: 'https://cdn.discordapp.com/c.txt', content_type: 'text/plain', size: 4 },
  ];
  const message = messageOf(said({ attachments }));
  expect(message).toMatchObject({ photos: ['https://cdn.discordapp.com/a.png'], thread: '', chat: 'discord:1' });
});

const failed = (code: number, status: number) =>
  new DiscordAPIError({ code, message: 'x' }, code, status, 'POST', 'u', {});
const limited = (global: boolean) =>
  new RateLimitError({
    global,
    timeToReset: 1_500,
    retryAfter: 2_000,
    limit: 5,
    method: 'POST',
    hash: 'h',
    url: 'u',
    route: 'r',
    majorParameter: '1',
    sublimitTimeout: 0,
    scope: 'user',
  });
test.each([
  [limited(false), { kind: 'wait', ms: 2_000 }],
  [limited(true), { kind: 'wait', ms: 2_000, isWide: true }],
  [failed(10_008, 404), { kind: 'gone' }],
  [failed(50_005, 403), { kind: 'gone' }],
  [failed(50_001, 403), { kind: 'refused' }],
  [failed(0, 401), { kind: 'unsent' }],
  [new HTTPError(502, 'x', 'POST', 'u', {}), { kind: 'unknown' }],
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), { kind: 'unsent' }],
  [Object.assign(new Error('x'), { code: 'ECONNRESET' }), { kind: 'unknown' }],
])('%s', (cause, outcome) => {
  expect(readOutcome(cause)).toMatchObject(outcome);
});

test('ids tell the time and are compared as numbers; long answers have a file', () => {
  const capabilities = discordCapabilities({ token: 't', allowedUsers: ['7'], allowedChats: ['5'] });
  // "Snowflakes": 175928847299117063 was made at 1462015105796.
  expect(BigInt(capabilities.idBefore(1_462_015_105_796))).toBeLessThanOrEqual(175_928_847_299_117_063n);
  expect(BigInt(capabilities.idBefore(1_462_015_105_797))).toBeGreaterThan(175_928_847_299_117_063n);
  expect(capabilities.later('9', '10')).toBe('10');
  expect(capabilities.render('word '.repeat(20_000)).at(-1)?.file?.name).toBe('answer.md');
});

const send = (key: string, text: string) => ({ kind: 'send', chat: '5', thread: '', key, content: { text } }) as const;

test('a message with one key is made once, a token survives a 401, and a bucket that is empty is obeyed', async () => {
  const fake = new FakeDiscord();
  const apiRoot = await fake.start();
  const platform = discord({ token: 'token-of-a-bot-in-tests', apiRoot, allowedUsers: ['7'], allowedChats: [] });
  const { signal } = new AbortController();
  try {
    const first = await platform.post(send('a', 'one'), signal);
    const again = await platform.post(send('a', 'two'), signal);
    expect(again).toEqual({ ...first, differs: true });
    fake.mishap = () => ({ kind: 'status', status: 401 });
    expect(await platform.post(send('b', 'x'), signal)).toMatchObject({ kind: 'unsent' });
    fake.mishap = () => undefined;
    expect(await platform.post(send('b', 'x'), signal)).toMatchObject({ kind: 'done' });
    fake.mishap = () => ({ kind: 'penalty', seconds: 30 });
    expect(await platform.post(send('c', 'x'), signal)).toMatchObject({ kind: 'wait' });
    fake.mishap = () => undefined;
    const calls = fake.calls.length;
    expect(await platform.post(send('c', 'x'), signal)).toMatchObject({ kind: 'wait' });
    expect(fake.calls.length).toBe(calls);
  } finally {
    await fake.stop();
  }
});

test('against a server: buttons that come in rows of one are all shown', async () => {
  const fake = new FakeDiscord();
  const apiRoot = await fake.start();
  const platform = discord({ token: 'token-of-a-bot-in-tests', apiRoot, allowedUsers: ['7'], allowedChats: [] });
  const buttons = Array.from({ length: 21 }, (_, i) => [{ text: `choice ${i}`, data: `k:c${i}` }]);
  try {
    const step = { ...send('a', 'one'), content: { text: 'one', buttons } };
    expect(await platform.post(step, new AbortController().signal)).toMatchObject({ kind: 'done' });
    expect(fake.of('5')[0]?.buttons.map(({ label }) => label)).toEqual(buttons.map(([button]) => button?.text));
  } finally {
    await fake.stop();
  }
});

test('the gateway: who was refused once tries again with the token', async () => {
  const fake = new FakeDiscord();
  const apiRoot = await fake.start();
  const leaving = new AbortController();
  const refused = new Set<string>();
  fake.mishap = ({ route }) => {
    if (refused.has(route)) return undefined;
    refused.add(route);
    return { kind: 'status', status: 401 };
  };
  const platform = discord({ token: 'token-of-a-bot-in-tests', apiRoot, allowedUsers: ['7'], allowedChats: [] });
  const taken: string[] = [];
  const take: Inlet['take'] = async (_id, inbound) => void (inbound?.kind === 'message' && taken.push(inbound.text));
  const inlet: Inlet = { take, mark: async () => undefined, setMark: async () => undefined };
  const receiving = platform.receive(inlet, leaving.signal);
  try {
    await until(() => fake.sessions.begun === 1, { ms: 30_000 });
    fake.say('1', 'one');
    await until(() => taken.length === 1, { ms: 30_000 });
    expect([...refused]).toEqual(['GET /gateway/bot', 'GET /users/@me']);
  } finally {
    leaving.abort();
    await receiving;
    await fake.stop();
  }
});

test('the gateway: an event of a session that was given up is not noted under the next one', async () => {
  const fake = new FakeDiscord();
  const apiRoot = await fake.start();
  const leaving = new AbortController();
  const platform = discord({ token: 'token-of-a-bot-in-tests', apiRoot, allowedUsers: ['7'], allowedChats: [] });
  const taken: string[] = [];
  const marks: string[] = [];
  let isAway = true;
  const inlet: Inlet = {
    async take(_id, inbound) {
      if (isAway) throw new Error('Redis is away');
      if (inbound?.kind === 'message') taken.push(inbound.text);
    },
    mark: async () => undefined,
    setMark: async (mark) => void marks.push(mark),
  };
  const receiving = platform.receive(inlet, leaving.signal);
  try {
    await until(() => fake.sessions.begun === 1, { ms: 30_000 });
    fake.say('1', 'old');
    fake.say('1', 'old as well');
    await until(() => marks.length > 0, { ms: 30_000 });
    fake.giveUp();
    await until(() => fake.sessions.begun === 2, { ms: 30_000 });
    isAway = false;
    fake.say('1', 'new');
    await until(() => taken.length === 3 && marks.at(-1)?.includes('"sequence":4'), { ms: 30_000 });
    const read = marks.filter((mark) => mark !== '').map((mark) => JSON.parse(mark) as Record<string, unknown>);
    const ofNew = read.filter(({ sessionId }) => sessionId === 's2').map(({ sequence }) => sequence);
    expect(ofNew).toContain(4);
    expect(ofNew).not.toContain(2);
  } finally {
    leaving.abort();
    await receiving;
    await fake.stop();
  }
});

test('the gateway: an event that could not be kept is kept later, and the next process goes on there', async () => {
  const fake = new FakeDiscord();
  const apiRoot = await fake.start();
  const settings = { token: 'token-of-a-bot-in-tests', apiRoot, allowedUsers: ['7'], allowedChats: [] };
  const taken: string[] = [];
  const marks: string[] = [];
  let failures = 1;
  const inlet: Inlet = {
    async take(id, inbound) {
      if (failures-- > 0) throw new Error('Redis is away');
      if (inbound?.kind === 'message') taken.push(inbound.text);
      expect(id).toMatch(/^discord /);
    },
    mark: async () => marks.at(-1),
    setMark: async (mark) => void marks.push(mark),
  };
  const processes = [new AbortController(), new AbortController()] as const;
  try {
    const first = discord(settings).receive(inlet, processes[0].signal);
    await until(() => fake.sessions.begun === 1, { ms: 30_000 });
    fake.say('1', 'one');
    await until(() => taken.length === 1, { ms: 30_000 });
    await until(() => marks.some((mark) => mark.includes('"sequence":2')), { ms: 30_000 });
    processes[0].abort();
    await first;
    fake.say('1', 'two');
    const second = discord(settings).receive(inlet, processes[1].signal);
    await until(() => taken.length === 2, { ms: 30_000 });
    expect(fake.sessions).toEqual({ begun: 1, resumed: 1 });
    processes[1].abort();
    await second;
  } finally {
    for (const one of processes) one.abort();
    await fake.stop();
  }
  expect(taken).toEqual(['one', 'two']);
});
