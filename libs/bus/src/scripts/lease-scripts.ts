import { script } from './script.js';

/**
 * Leases of one name: a sorted set of holders by the time (ms) at which their lease ends. The clock is the server's.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)`;

/** A set that is never renewed expires with its last lease. */
const KEEP = `
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
return 1`;

/** KEYS lease; ARGV holder, ttl (ms), holdersMax. -> 0 full | 1 */
export const TAKE_LEASE = script(`${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
${KEEP}`);

/** KEYS lease; ARGV holder, ttl (ms). -> 0 not held | 1 */
export const RENEW_LEASE = script(`${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
${KEEP}`);

/** KEYS lease. -> number of holders */
export const COUNT_LEASES = script(`${NOW}
return redis.call('ZCARD', KEYS[1])`);
