import { createRuns } from './001-create-runs.js';
import type { Migration } from './migration.js';

/** In the order they are applied; versions count 1, 2, 3 ... */
export const MIGRATIONS: readonly Migration[] = [createRuns];
