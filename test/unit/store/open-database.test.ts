import { SchemaTooNewError, type SqlDatabase } from '#libs/store';
import { pino } from 'pino';
import { openDatabase } from '../../../apps/store/src/open-database.js';
import { until } from '../../support/until.js';

const logger = pino({ level: 'silent' });

/** A database that answers every query with its own text, and knows whether it was closed. */
function echoDatabase(): SqlDatabase & { closed: boolean } {
  return {
    closed: false,
    query: async <T>(sql: string) => [sql] as T[],
    transaction: async (work) => work({ query: async <T>(sql: string) => [sql] as T[] }),
    async close() {
      this.closed = true;
    },
  };
}

describe('opening the database in the background', () => {
  test('calls are refused as unavailable until it is open', async () => {
    let refusals = 3;
    const opening = openDatabase({
      connect: async () => echoDatabase(),
      prepare: async () => {
        if (refusals-- > 0) throw new Error('connection refused');
      },
      logger,
      retryMs: 1,
    });
    await expect(opening.db.query('select 1')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(opening.db.transaction(async () => 1)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await opening.opened).toBe(true);
    expect(await opening.db.query('select 1')).toEqual(['select 1']);
    await opening.db.close();
  });

  test('every database that could not be prepared is closed, and the open one at the end', async () => {
    const made: ReturnType<typeof echoDatabase>[] = [];
    const opening = openDatabase({
      connect: async () => {
        const db = echoDatabase();
        made.push(db);
        return db;
      },
      prepare: async () => {
        if (made.length < 3) throw new Error('not yet');
      },
      logger,
      retryMs: 1,
    });
    await opening.opened;
    expect(made.map((db) => db.closed)).toEqual([true, true, false]);
    await opening.db.close();
    expect(made.at(-1)?.closed).toBe(true);
  });

  test('a schema that is too new is not tried again', async () => {
    let tries = 0;
    const opening = openDatabase({
      connect: async () => echoDatabase(),
      prepare: async () => {
        tries++;
        throw new SchemaTooNewError('newer');
      },
      logger,
      retryMs: 1,
    });
    await expect(opening.opened).rejects.toThrow(SchemaTooNewError);
    expect(tries).toBe(1);
    await opening.db.close();
  });

  test('closing ends the attempts, also in the middle of a long pause', async () => {
    let tries = 0;
    const opening = openDatabase({
      connect: async () => {
        tries++;
        throw new Error('connection refused');
      },
      prepare: async () => undefined,
      logger,
      retryMs: 60_000,
    });
    await until(() => tries === 1);
    await opening.db.close();
    expect(await opening.opened).toBe(false);
    expect(tries).toBe(1);
  });
});
