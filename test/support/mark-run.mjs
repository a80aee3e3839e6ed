import { randomUUID } from 'node:crypto';

/** Jest's globalSetup: marks the run in the environment, which every process that a test starts inherits (end-leftovers.mjs). */
export default function markRun() {
  process.env['TALARIA_TEST_RUN'] = randomUUID();
}
