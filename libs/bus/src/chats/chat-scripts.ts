import { script } from '../scripts/script.js';

/** The clock is the server's, so processes whose clocks differ agree on who writes and when. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS seen, inbox, chat, due; ARGV chat, entry, inboxMax, seenSeconds. -> 1 new | 0 seen | -1 full */
export const PUT_ENTRY = script(`${NOW}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[3]) then return -1 end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[2])
local owner = redis.call('HGET', KEYS[3], 'owner')
-- A chat with a writer is due when the claim ends: the writer looks into the inbox by itself.
if not owner or owner == '' or not redis.call('ZSCORE', KEYS[4], ARGV[1]) then
  redis.call('ZADD', KEYS[4], now, ARGV[1])
end
return 1`);

/** KEYS due; ARGV limit. -> chats */
export const DUE_CHATS = script(`${NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])`);

/** KEYS due, chat; ARGV chat, holder, ttl (ms). -> nothing: no longer due | [epoch, state] */
export const CLAIM_CHAT = script(`${NOW}
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) > now then return false end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], 'owner', ARGV[2])
return { redis.call('HINCRBY', KEYS[2], 'epoch', 1), redis.call('HGET', KEYS[2], 'state') or '' }`);

/** Whether the claim is the chat's last one and has not been released. */
const OURS = `
local ours = redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] and redis.call('HGET', KEYS[1], 'owner') ~= ''`;

/** KEYS chat, due; ARGV epoch, chat, ttl (ms). -> 0 over | 1 */
export const KEEP_CHAT = script(`${NOW}${OURS}
if not ours then return 0 end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
return 1`);

/** KEYS chat, inbox; ARGV epoch, state, taken. -> 0 over | 1 */
export const SAVE_CHAT = script(`${OURS}
if not ours then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
if tonumber(ARGV[3]) > 0 then redis.call('LTRIM', KEYS[2], ARGV[3], -1) end
return 1`);

/** KEYS chat, inbox, due; ARGV epoch, chat, wake (ms; -1: with its next entry). -> 0 over | 1 */
export const RELEASE_CHAT = script(`${NOW}${OURS}
if not ours then return 0 end
redis.call('HSET', KEYS[1], 'owner', '')
if redis.call('LLEN', KEYS[2]) > 0 then redis.call('ZADD', KEYS[3], now, ARGV[2])
elseif tonumber(ARGV[3]) >= 0 then redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[2])
else redis.call('ZREM', KEYS[3], ARGV[2]) end
return 1`);

/**
 * KEYS next of the chat, calls of the bucket; ARGV chatGap, platformGap, waitMax, burst (ms).
 * -> [1, wait] reserved | [0, wait] ask again then | [-1, 0] refused
 */
export const CALL_SLOT = script(`${NOW}
local next = tonumber(redis.call('GET', KEYS[1]) or '0')
local wait = next - now
if wait > tonumber(ARGV[3]) then return { -1, 0 } end
if wait > 0 then return { 0, wait } end
-- Calls are due one gap after the other. A burst comes before it is due.
local due = math.max(now, tonumber(redis.call('GET', KEYS[2]) or '0'))
local at = math.max(now, due - ARGV[4])
if at - now > tonumber(ARGV[3]) then return { -1, 0 } end
-- A bucket without a gap has nothing to note: an expiry of nothing would be an error.
local left = due - now + ARGV[2]
if left > 0 then redis.call('SET', KEYS[2], due + ARGV[2], 'PX', left) end
if tonumber(ARGV[1]) > 0 then redis.call('SET', KEYS[1], at + ARGV[1], 'PX', at - now + ARGV[1]) end
return { 1, at - now }`);

/** KEYS next of the chat, or calls of a bucket; ARGV ms. */
export const HOLD_CHAT = script(`${NOW}
local untilThen = now + ARGV[1]
if untilThen > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], untilThen, 'PX', ARGV[1])
end
return 1`);
