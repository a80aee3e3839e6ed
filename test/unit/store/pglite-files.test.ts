import { databaseClock, pgliteDatabase } from '#libs/store';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('the embedded database is private in a folder that is open, and tells the time', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'talaria-open-'));
  chmodSync(parent, 0o755);
  const dir = join(parent, 'pglite');
  const modeOf = (): number => statSync(dir).mode & 0o777;
  const db = await pgliteDatabase({ dir });
  expect(modeOf()).toBe(0o700);
  const before = Date.now();
  const now = await databaseClock(db)();
  expect(Number.isInteger(now)).toBe(true);
  expect([before <= now, now <= Date.now()]).toEqual([true, true]);
  await db.close();
  // One that an earlier version made.
  chmodSync(dir, 0o755);
  await (await pgliteDatabase({ dir })).close();
  expect(modeOf()).toBe(0o700);
  rmSync(parent, { recursive: true, force: true });
});
