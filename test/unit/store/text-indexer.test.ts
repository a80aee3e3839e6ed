import type { SqlDatabase } from '#libs/store';
import { pino } from 'pino';
import { TextIndexer } from '../../../apps/store/src/text-indexer.js';
import { until } from '../../support/until.js';

const logger = pino({ level: 'silent' });
const closing: TextIndexer[] = [];
afterEach(() => Promise.all(closing.splice(0).map((each) => each.close())));

/** A database with so many texts beside the index. */
function indexer(texts: number, clock: { ms: number }, query?: () => Promise<never>) {
  const seen = { left: texts, statements: 0 };
  const db: Pick<SqlDatabase, 'query'> = {
    query: async <T>(_sql: string, params: readonly unknown[] = []) => {
      seen.statements++;
      if (query) return query();
      const rows = Math.min(seen.left, Number(params[0]));
      seen.left -= rows;
      return Array.from({ length: rows }, () => ({})) as T[];
    },
  };
  const made = new TextIndexer({ db: db as SqlDatabase, logger, now: () => clock.ms });
  closing.push(made);
  return Object.assign(made, { seen });
}

test('what the process before has left is indexed at a quiet time, and then nothing is asked any more', async () => {
  const clock = { ms: 0 };
  const one = indexer(130, clock);
  clock.ms = 2_000;
  await until(async () => one.seen.left === 0);
  const { statements } = one.seen;
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(one.seen.statements).toBe(statements);
  one.seen.left = 5;
  one.stored(5);
  clock.ms += 2_000;
  await until(async () => one.seen.left === 0);
});

test('while runs are stored few texts are indexed at a time, and none below a bound', async () => {
  const clock = { ms: 0 };
  const one = indexer(0, clock);
  clock.ms = 2_000;
  await until(async () => one.seen.statements > 0);
  one.seen.left = 500;
  one.stored(150);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(one.seen.left).toBe(500);
  one.stored(90);
  // 240 wait: two batches of 20 bring them to the bound.
  await until(async () => one.seen.left === 460);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(one.seen.left).toBe(460);
  clock.ms += 2_000;
  await until(async () => one.seen.left === 0);
});

test('with too many the index does not wait for a quiet time', async () => {
  const clock = { ms: 0 };
  const one = indexer(0, clock);
  clock.ms = 2_000;
  await until(async () => one.seen.statements > 0);
  one.seen.left = 20_000;
  one.stored(12_000);
  await until(async () => one.seen.left <= 18_000);
});

test('a database that is away is not asked again before the next run', async () => {
  const clock = { ms: 0 };
  let isAway = true;
  const one = indexer(3, clock, async () => {
    if (isAway) throw new Error('away');
    return [] as never;
  });
  clock.ms = 2_000;
  await until(async () => one.seen.statements === 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(one.seen.statements).toBe(1);
  isAway = false;
  one.stored(1);
  clock.ms += 2_000;
  await until(async () => one.seen.statements === 2);
});
