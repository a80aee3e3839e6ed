import type { Duty } from './duty.js';
import { failLostRuns } from './fail-lost-runs.js';
import { handOnTurns } from './hand-on-turns.js';
import { persistUnconfirmed } from './persist-unconfirmed.js';

/** Everything the scheduler looks after. New duties each time: some remember what they saw at their last look. */
export const createDuties = (): readonly Duty[] => [persistUnconfirmed(), failLostRuns(), handOnTurns()];
