import { EventEmitter } from 'node:events';
import type { CountJob } from '../../../../apps/api/src/tokens/count-job.js';
import { TokenCounter, type CountThread } from '../../../../apps/api/src/tokens/token-counter.js';

/** Threads that are played by hand. */
class FakeThread extends EventEmitter {
  readonly jobs: CountJob[] = [];
  isGone = false;
  unref(): void {}
  postMessage(job: CountJob): void {
    this.jobs.push(job);
  }
  async terminate(): Promise<number> {
    this.isGone = true;
    return 0;
  }
  answer(tokens: number): void {
    this.emit('message', { id: this.jobs.at(-1)?.id, tokens });
  }
}

const open: TokenCounter[] = [];
afterEach(() => open.splice(0).forEach((counter) => counter.close()));

function lab(countMsMax = 60_000) {
  const threads: FakeThread[] = [];
  const start = (): CountThread => {
    const thread = new FakeThread();
    threads.push(thread);
    return thread as unknown as CountThread;
  };
  const counter = new TokenCounter({ start, countMsMax });
  open.push(counter);
  const count = (owner: string, text = 'x'): Promise<number> => {
    const tokens = counter.of(owner).count('m', [text]);
    tokens.catch(() => undefined);
    return tokens;
  };
  const asked = (): string[] => threads.flatMap(({ jobs }) => jobs.map(({ texts }) => texts.join('')));
  return { threads, count, asked };
}
const refused = (reason: string) => ({ code: 'rate_limit_exceeded', retryAfterSeconds: 1, reason });

test('one count at a time, and keys take turns', async () => {
  const { threads, count, asked } = lab();
  const counts = [count('ann', 'a1'), count('ann', 'a2'), count('ann', 'a3'), count('bob', 'b1')];
  expect(asked()).toEqual(['a1']);
  for (let i = 1; i <= 4; i++) threads[0]?.answer(i);
  expect(asked()).toEqual(['a1', 'a2', 'b1', 'a3']);
  expect(await Promise.all(counts)).toEqual([1, 2, 4, 3]);
});

test('a key that counts too much is refused, and no other is', async () => {
  const { threads, count } = lab();
  const counts = Array.from({ length: 12 }, () => count('ann'));
  const outcomes = Promise.allSettled(counts);
  await expect(count('ann')).rejects.toMatchObject(refused('key_counting'));
  const bob = count('bob');
  for (let i = 0; i < 20; i++) threads[0]?.answer(7);
  expect(await bob).toBe(7);
  expect((await outcomes).filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
});

test('long prompts of a key count by their length; a single one may be of any', async () => {
  const { count } = lab();
  void count('ann', 'x'.repeat(25_000_000));
  await expect(count('ann')).rejects.toMatchObject(refused('key_counting'));
  void count('bob');
});

test('all keys together are bounded', async () => {
  const { count } = lab();
  for (let i = 0; i < 64; i++) void count(`key-${i}`);
  await expect(count('late')).rejects.toMatchObject(refused('counting'));
});

test('a count that takes too long fails alone; those that waited for it have their whole time', async () => {
  const { threads, count } = lab(100);
  const [slow, next] = [count('ann', 'slow'), count('bob', 'next')];
  await expect(slow).rejects.toMatchObject({ code: 'unavailable' });
  expect(threads.map(({ isGone }) => isGone)).toEqual([true, false]);
  // What the first thread still says is nobody's answer.
  threads[0]?.answer(99);
  threads[1]?.answer(5);
  expect(await next).toBe(5);
});

test('a thread that dies fails the count that it was at, and the next begins in another one', async () => {
  const { threads, count } = lab();
  const [first, second] = [count('ann'), count('bob')];
  threads[0]?.emit('error', new Error('no memory'));
  await expect(first).rejects.toMatchObject({ code: 'unavailable' });
  threads[1]?.answer(3);
  expect(await second).toBe(3);
});

test('what waits when the server stops is told so', async () => {
  const { count } = lab();
  const counts = [count('ann'), count('ann'), count('bob')];
  open.splice(0).forEach((counter) => counter.close());
  for (const one of counts) await expect(one).rejects.toMatchObject({ code: 'unavailable' });
});
