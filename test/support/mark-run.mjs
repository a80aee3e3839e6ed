import { PGlite } from '@electric-sql/pglite';
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Jest's globalSetup: marks the run in the environment, which every process that a test starts inherits (end-leftovers.mjs), and
 * makes one empty embedded database, of which tests take copies (pglite.ts).
 */
export default async function markRun() {
  process.env['TALARIA_TEST_RUN'] = randomUUID();
  const dir = await mkdtemp(join(tmpdir(), 'talaria-template-'));
  const made = await PGlite.create(dir);
  await made.close();
  process.env['TALARIA_TEST_DATABASE'] = dir;
}
