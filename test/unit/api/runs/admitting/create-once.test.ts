import { memoryIdempotency } from '#libs/bus';
import { GatewayError } from '#libs/contract';
import { createLogger } from '#libs/platform';
import type { FastifyReply } from 'fastify';
import { CreateOnce, idFromSeed, type Making } from '../../../../../apps/api/src/runs/admitting/create-once.js';

function lab() {
  const once = new CreateOnce(memoryIdempotency(), createLogger({ service: 'api', level: 'silent', pretty: false }));
  const makings: Making[] = [];
  const ask = async (key: string | undefined, body: unknown, failure?: Error) => {
    const set: Record<string, string> = {};
    const reply = { header: (name: string, value: string) => (set[name] = value) } as unknown as FastifyReply;
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const answer = await once.answer({ owner: 'alice', route: '/things', headers, body }, reply, async (making) => {
      makings.push(making);
      if (failure) throw failure;
      return making.seed;
    });
    return { answer, isMarked: set['idempotency-replayed'] === 'true' };
  };
  return { ask, makings };
}

test('one key and one body are one seed, and the repetition is marked; without a key every request is another', async () => {
  const { ask } = lab();
  const [first, second] = [await ask('k', { a: 1, b: 2 }), await ask('k', { b: 2, a: 1 })];
  expect(second.answer).toBe(first.answer);
  expect([first.isMarked, second.isMarked]).toEqual([false, true]);
  expect((await ask(undefined, {})).answer).not.toBe((await ask(undefined, {})).answer);
  expect(idFromSeed('conv', first.answer)).toMatch(/^conv_[0-9a-f]{32}$/);
});

test('another body is a conflict, and makes nothing', async () => {
  const { ask, makings } = lab();
  await ask('k', { a: 1 });
  await expect(ask('k', { a: 2 })).rejects.toMatchObject({ code: 'idempotency_key_conflict' });
  expect(makings).toHaveLength(1);
});

test('what was refused gives the key back; after a failure the next try makes the same', async () => {
  const { ask, makings } = lab();
  await expect(ask('k', { a: 1 }, new GatewayError('invalid_request', 'No.'))).rejects.toThrow('No.');
  await expect(ask('k', { a: 2 }, new GatewayError('unavailable', 'Later.'))).rejects.toThrow('Later.');
  const made = await ask('k', { a: 2 });
  expect(made.isMarked).toBe(true);
  expect(makings.map(({ seed }) => seed === made.answer)).toEqual([false, true, true]);
});
