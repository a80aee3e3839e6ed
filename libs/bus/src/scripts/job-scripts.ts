import { script } from './script.js';

/**
 * Scripts on the jobs of BullMQ. They know of its keys what its own scripts read: the hash of a job counts its starts
 * in `ats`, and `<hash>:lock` holds the token of the worker that executes it.
 */

/**
 * Takes a start back that came to nothing, if this worker still has the job.
 * KEYS job, lock; ARGV token. -> 1, or 0: another worker has the job, or nobody.
 */
export const TAKE_BACK_START = script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'ats', -1)
return 1`);

export const JOB_SCRIPTS = [TAKE_BACK_START];
