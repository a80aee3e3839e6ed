import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Jest's globalSetup: marks the run in the environment, which every process that a test starts inherits
 * (end-leftovers.mjs), and makes a folder for what tests share (pglite.ts).
 */
export default async function markRun() {
  process.env['TALARIA_TEST_RUN'] = randomUUID();
  process.env['TALARIA_TEST_SHARED'] = await mkdtemp(join(tmpdir(), 'talaria-shared-'));
}
