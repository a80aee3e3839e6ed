import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, redisChatDesk } from '#libs/bus';
import { startStack } from '../../support/stack.js';
import { until } from '../../support/until.js';
import { figuresOf } from './storm.js';
import { PLACES } from './places.js';

const STATE = JSON.stringify({
  lastId: '1000',
  ours: Array.from({ length: 100 }, (_, i) => String(900 + i)),
  threads: { '': { session: 3, model: 'small' } },
  tasks: [],
  log: Array.from({ length: 20 }, (_, i) => ({ at: i, id: `run_${i}`, outcome: 'delivered' })),
});

/** What a messenger needs for chats in which nothing happens, in MB, without and with them. */
export async function idle(chats: number): Promise<{ readonly before: number; readonly after: number }> {
  const place = await PLACES['telegram']?.();
  if (!place) throw new Error('there is no telegram');
  const stack = await startStack({ apis: 0, workers: 1, env: { ...place.env, TOOLS: '' } });
  try {
    const messenger = await stack.start('messenger');
    await sleep(5_000);
    const { megabytes: before } = await figuresOf(messenger);
    const connection = connectRedis({ url: stack.redis.url, prefix: 'talaria', role: 'api' });
    const desk = redisChatDesk(connection);
    await until(() =>
      desk.waiting(['telegram:0']).then(
        () => true,
        () => false,
      ),
    );
    for (let i = 0; i < chats; i++) {
      const chat = `telegram:${100_000 + i}`;
      // A message that says nothing: the chat is claimed, found empty and given back, as after an answer.
      await desk.put(chat, `idle ${i}`, JSON.stringify({ entryId: `idle ${i}`, kind: 'none' }));
      const claim = (await desk.claim('idle', { limit: 1, ttlMs: 60_000 }))[0];
      if (claim) {
        await desk.save(claim, STATE, 1);
        await desk.release(claim);
      }
    }
    await sleep(10_000);
    const { megabytes: after } = await figuresOf(messenger);
    connection.close();
    return { before, after };
  } finally {
    await stack.stop();
    await place.stop();
  }
}
