import { script } from './script.js';

/** Scripts that decide whether and when a run begins. */

/** KEYS conversation. -> {runId, age in ms} | {} */
export const LAST_TURN = script(`
local held = redis.call('GET', KEYS[1])
if not held then return {} end
local runId, ms = string.match(held, '^(%S+) (%d+)$')
local now = redis.call('TIME')
return {runId, math.floor(now[1] * 1000 + now[2] / 1000 - ms)}`);

/** KEYS conversation; ARGV runId, the run it follows or '', ttl seconds. -> 0 | 1 begun */
export const BEGIN_TURN = script(`
local held = redis.call('GET', KEYS[1])
local last = held and string.match(held, '^(%S+) ') or ''
if last ~= ARGV[2] then return 0 end
local now = redis.call('TIME')
local ms = math.floor(now[1] * 1000 + now[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', ms), 'EX', ARGV[3])
return 1`);

/**
 * KEYS conversation; ARGV runId, the run before it or '', age of that run's turn in ms, ttl seconds. -> 0 another run
 * has the turn | 1 given back
 */
export const GIVE_TURN_BACK = script(`
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^(%S+) ') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
local now = redis.call('TIME')
local ms = math.floor(now[1] * 1000 + now[2] / 1000 - ARGV[3])
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. string.format('%.0f', ms), 'EX', ARGV[4])
return 1`);

/** KEYS idempotency key; ARGV runId. Marks the key like OPEN, while it names that id. -> 0 | 1 */
export const MARK_MADE = script(`
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local id, mark = string.match(held, '^%S+ (%S+)(.*)$')
if id ~= ARGV[1] or mark ~= '' then return 0 end
redis.call('SET', KEYS[1], held .. ' opened', 'KEEPTTL')
return 1`);

/** KEYS idempotency key; ARGV runId. Deletes the key only while it still names that run. */
export const RELEASE_KEY = script(`
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%S+ (%S+)') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/**
 * KEYS fair order, BullMQ's wait list and prioritized set; ARGV lane and owner, cost, waitingMax, tagMax, quietMs. ->
 * tag | -1 full. An empty queue alone proves nothing: many runs that were given places may still be on their way into
 * it.
 */
export const PLACE = script(`
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
local h = redis.call('HMGET', KEYS[1], 'now', ARGV[1], 'at')
if redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3]) == 0 then
  if ms - (h[3] or 0) > tonumber(ARGV[5]) or (h[1] or 0) * 2 > tonumber(ARGV[4]) then
    redis.call('DEL', KEYS[1])
    h = {}
  end
end
local now, cost = tonumber(h[1] or '0'), tonumber(ARGV[2])
local tag = math.max(now, tonumber(h[2] or '0')) + cost
if tag - now > tonumber(ARGV[3]) * cost then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], tag, 'at', ms)
return math.min(tag, tonumber(ARGV[4]))`);

/** KEYS fair order; ARGV tag of the run that starts. */
export const STARTED = script(`
if tonumber(redis.call('HGET', KEYS[1], 'now') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'now', ARGV[1])
end
return 0`);

export const ADMISSION_SCRIPTS = [RELEASE_KEY, MARK_MADE, LAST_TURN, BEGIN_TURN, GIVE_TURN_BACK, PLACE, STARTED];
