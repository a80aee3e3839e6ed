import { connectRedis, memoryChatDesk, redisChatDesk, type RedisConnection } from '#libs/bus';
import { LIMITS, type ChatDesk } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

let server: TestRedis;
let connection: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis({ url: server.url, prefix: 't', role: 'worker' });
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

const LONG = 600_000;
let names = 0;
/** A chat that no other test uses. */
const newChat = (): string => `p${++names}:1`;
const desks: [string, () => ChatDesk][] = [
  ['memory', () => memoryChatDesk()],
  ['redis', () => redisChatDesk(connection)],
];
describe.each(desks)('chats: %s', (_name, create) => {
  /** Claims this chat, whatever other tests left to claim. */
  const claim = async (desk: ChatDesk, chat: string, ttlMs = LONG) => {
    const all = await desk.claim('a', { limit: 100, ttlMs });
    return all.find((one) => one.chat === chat);
  };

  test('who looks after a platform is known, and who has marked it before', async () => {
    const desk = create();
    const platform = `platform-${newChat().replace(':', '-')}`;
    expect(await desk.served(platform)).toBe('never');
    await desk.setMark(platform, '7');
    expect(await desk.served(platform)).toBe('before');
    await desk.serve([platform]);
    expect(await desk.served(platform)).toBe('now');
    expect(await desk.served(`${platform}-other`)).toBe('never');
  });

  test('an entry comes in once, and its chat is claimed once', async () => {
    const desk = create();
    const chat = newChat();
    expect(await desk.put(chat, `${chat} 1`, 'one')).toBe('new');
    expect(await desk.put(chat, `${chat} 1`, 'one')).toBe('seen');
    expect(await claim(desk, chat)).toEqual({ chat, epoch: 1, state: '' });
    expect(await desk.put(chat, `${chat} 2`, 'two')).toBe('new');
    expect(await claim(desk, chat)).toBeUndefined();
    expect(await desk.waiting([chat, 'p0:0'])).toEqual([2, 0]);
    expect(await desk.entries(chat, 1)).toEqual(['one']);
  });

  test('the state and the entries that it covers are saved together, by the last claim alone', async () => {
    const desk = create();
    const chat = newChat();
    await desk.put(chat, `${chat} 1`, 'one');
    await desk.put(chat, `${chat} 2`, 'two');
    const first = (await claim(desk, chat, 1))!;
    await sleep(5);
    const second = (await claim(desk, chat))!;
    expect(second.epoch).toBe(2);
    expect(await desk.save(first, 'old', 2)).toBe(false);
    expect(await desk.keep(first, LONG)).toBe(false);
    expect(await desk.save(second, 'new', 1)).toBe(true);
    expect(await desk.keep(second, LONG)).toBe(true);
    expect(await desk.entries(chat, 9)).toEqual(['two']);
    await desk.release(first);
    expect(await claim(desk, chat)).toBeUndefined();
    await desk.release(second);
    expect(await desk.save(second, 'late', 0)).toBe(false);
    expect(await claim(desk, chat)).toEqual({ chat, epoch: 3, state: 'new' });
  });

  test('a chat that was given back wakes after its time, or with its next entry', async () => {
    const desk = create();
    const [slept, woken, done] = [newChat(), newChat(), newChat()];
    for (const chat of [slept, woken, done]) await desk.put(chat, `${chat} 1`, 'one');
    const claims = await desk.claim('a', { limit: 100, ttlMs: LONG });
    for (const one of claims) await desk.save(one, 's', 1);
    for (const one of claims) {
      await (one.chat === done ? desk.release(one) : desk.release(one, one.chat === slept ? 1 : LONG));
    }
    await sleep(5);
    expect((await desk.claim('a', { limit: 100, ttlMs: LONG })).map(({ chat }) => chat)).toEqual([slept]);
    await desk.put(woken, `${woken} 2`, 'two');
    expect((await desk.claim('a', { limit: 100, ttlMs: LONG })).map(({ chat }) => chat)).toEqual([woken]);
  });

  test('an inbox takes so many entries and no more', async () => {
    const desk = create();
    const chat = newChat();
    for (let i = 0; i < LIMITS.chatInboxMax; i++) await desk.put(chat, `${chat} ${i}`, 'x');
    expect(await desk.put(chat, `${chat} more`, 'x')).toBe('full');
    await desk.save((await claim(desk, chat))!, '', 1);
    expect(await desk.put(chat, `${chat} more`, 'x')).toBe('new');
  });

  test('calls find their times: a chat keeps its gap, a penalty stops it alone, others go on', async () => {
    const desk = create();
    const chat = newChat();
    const other = chat.replace(':1', ':2');
    const ask = { chat, chatGapMs: LONG, platformGapMs: 1, waitMsMax: 2 * LONG };
    expect(await desk.slot(ask)).toMatchObject({ kind: 'reserved' });
    expect(await desk.slot(ask)).toMatchObject({ kind: 'later' });
    expect(await desk.slot({ ...ask, waitMsMax: 10 })).toEqual({ kind: 'refused' });
    expect(await desk.slot({ ...ask, chat: other, chatGapMs: 0 })).toMatchObject({ kind: 'reserved' });
    await desk.hold(other, LONG);
    await desk.hold(other, 1);
    expect(await desk.slot({ ...ask, chat: other, waitMsMax: LONG / 2 })).toEqual({ kind: 'refused' });
  });

  test('calls of one platform are spread over all its chats', async () => {
    const desk = create();
    const chat = newChat();
    const platform = chat.split(':')[0] ?? '';
    const slots = [];
    for (let i = 0; i < 4; i++) {
      slots.push(
        await desk.slot({ chat: `${platform}:${i}`, chatGapMs: 0, platformGapMs: LONG, waitMsMax: 10 * LONG }),
      );
    }
    const waits = slots.map((slot) => (slot.kind === 'reserved' ? Math.ceil(slot.waitMs / LONG) : -1));
    expect(waits).toEqual([0, 1, 2, 3]);
  });

  test('calls that no limit counts are made at once, and a penalty stops them all the same', async () => {
    const desk = create();
    const ask = { chat: newChat(), chatGapMs: 0, bucket: 'pressed', platformGapMs: 0, waitMsMax: LONG };
    for (let i = 0; i < 3; i++) expect(await desk.slot(ask)).toEqual({ kind: 'reserved', waitMs: 0 });
    await desk.holdBucket(ask, LONG / 2);
    const slot = await desk.slot(ask);
    expect(slot.kind === 'reserved' && slot.waitMs > LONG / 4).toBe(true);
  });

  test('a bucket lets a burst through and then keeps its gap; a penalty on it stops every chat', async () => {
    const desk = create();
    const chat = newChat();
    const ask = { chat, chatGapMs: 0, bucket: 'edit', platformGapMs: LONG, burstMs: 2 * LONG, waitMsMax: 10 * LONG };
    const waits = [];
    for (let i = 0; i < 5; i++) {
      const slot = await desk.slot({ ...ask, chat: chat.replace(':1', `:${i}`) });
      waits.push(slot.kind === 'reserved' ? Math.ceil(slot.waitMs / LONG) : -1);
    }
    expect(waits).toEqual([0, 0, 0, 1, 2]);
    const other = { ...ask, bucket: 'send', waitMsMax: LONG / 2 };
    expect(await desk.slot(other)).toMatchObject({ kind: 'reserved', waitMs: 0 });
    await desk.holdBucket(other, LONG);
    expect(await desk.slot(other)).toEqual({ kind: 'refused' });
  });

  test('ids of messages are known to everybody, in their order, and the highest are kept', async () => {
    const desk = create();
    const [platform = ''] = newChat().split(':');
    expect(await desk.highestId(platform)).toBeUndefined();
    for (const id of ['9', '10', '11', '10']) await desk.noteId(platform, id);
    expect(await desk.highestId(platform)).toBe('11');
    expect(await desk.idsAfter(platform, '9')).toEqual(['10', '11']);
    expect(await desk.idsAfter('other', '0')).toEqual([]);
    for (let i = 0; i < LIMITS.chatIdsMax; i++) await desk.noteId(platform, String(100 + i));
    expect(await desk.idsAfter(platform, '0')).toHaveLength(LIMITS.chatIdsMax);
    expect((await desk.idsAfter(platform, '0'))[0]).toBe('100');
  });

  test('an intake notes how far it has come', async () => {
    const desk = create();
    const [platform = ''] = newChat().split(':');
    expect(await desk.mark(platform)).toBeUndefined();
    await desk.setMark(platform, '{"seq":7}');
    expect(await desk.mark(platform)).toBe('{"seq":7}');
    await desk.setMark(platform, '');
    expect(await desk.mark(platform)).toBeUndefined();
  });

  test('what became of an entry is told, and a key has one home on each platform', async () => {
    const desk = create();
    expect(await desk.outcome('e1')).toBeUndefined();
    await desk.settle('e1', { kind: 'failed', why: 'no such chat' });
    expect(await desk.outcome('e1')).toEqual({ kind: 'failed', why: 'no such chat' });
    await desk.setHome('alice', 'telegram', '42');
    await until(async () => (await desk.home('alice', 'telegram')) === '42');
    expect(await desk.home('alice', 'slack')).toBeUndefined();
    expect(await desk.home('bob', 'telegram')).toBeUndefined();
  });
});
