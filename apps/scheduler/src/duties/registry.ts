import type { Duty } from './duty.js';
import { failLostRuns } from './fail-lost-runs.js';
import { handOnTurns } from './hand-on-turns.js';
import { persistUnconfirmed } from './persist-unconfirmed.js';

/** The scheduler's duties. Each call makes new ones, because some remember the findings of their last round. */
export const createDuties = (): readonly Duty[] => [persistUnconfirmed(), failLostRuns(), handOnTurns()];
