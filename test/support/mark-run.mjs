import { execFileSync } from 'node:child_process';
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
  // In a process of its own: what the database takes is not given back, and Jest's own process lives as long as the tests.
  const make =
    "const { PGlite } = await import('@electric-sql/pglite'); await (await PGlite.create(process.argv[1])).close();";
  execFileSync(process.execPath, ['--input-type=module', '-e', make, dir], { stdio: 'inherit' });
  process.env['TALARIA_TEST_DATABASE'] = dir;
}
