import { LIMITS } from '#libs/contract';
import { script } from './script.js';

/**
 * The account of orders: bytes that requests brought into Redis, by run and summed up by API key. The step that opens a
 * run adds its entry, and the step that confirms or removes the run takes the entry out. So a process that dies leaves
 * no entry behind, because the scheduler brings every opened run to one of these two steps. The entry of a stored run
 * stays as long as the log holds more than a little of its order. When its time is over, the next opened run removes
 * it.
 *
 * Scripts that use these functions take as first keys: orders, held, ending.
 */
export const ORDERS = `
local ORDERS, HELD, ENDING = KEYS[1], KEYS[2], KEYS[3]
local function letGo(runId)
  local entry = redis.call('HGET', ORDERS, runId)
  if not entry then return end
  local bytes, owner = string.match(entry, '^(%d+) (.*)$')
  redis.call('HDEL', ORDERS, runId)
  redis.call('ZREM', ENDING, runId)
  if redis.call('HINCRBY', HELD, owner, '-' .. bytes) <= 0 then redis.call('HDEL', HELD, owner) end
end
local function hold(runId, owner, bytes)
  redis.call('HSET', ORDERS, runId, bytes .. ' ' .. owner)
  redis.call('HINCRBY', HELD, owner, bytes)
end
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`;

/** Most expired entries that one opened run removes: more than the one that it adds. */
const SWEPT_MAX = 20;

/** In OPEN: whether the key has room. A key's only order is never too large. */
export const ORDER_ROOM = `
local function hasRoom(owner, bytes, bytesMax)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', ENDING, '-inf', nowMs(), 'LIMIT', 0, ${SWEPT_MAX})) do letGo(gone) end
  local sum = tonumber(redis.call('HGET', HELD, owner) or '0')
  return sum == 0 or sum + bytes <= bytesMax
end`;

/** KEYS orders, held, ending; ARGV runs whose logs were removed. */
export const LET_GO = script(`${ORDERS}
for i = 1, #ARGV do letGo(ARGV[i]) end
return 0`);

/**
 * KEYS orders, held, ending, then log, meta of each run; ARGV ttl seconds, bytes of an order that may stay, ttl seconds
 * of a log with the only copy of its content, the runs. -> the API key of each run, '' for a run that is not known.
 *
 * A large order is dropped once the store has it: earlier versions then assume that the log has expired, and ask the
 * store. An order whose content is not stored (keep) stays, and its log the whole time, because a run that
 * continues this one can get it nowhere else. A log that nothing continues (brief) goes within a minute. Logs of
 * earlier versions have no entry and stay unchanged.
 */
export const CONFIRM = script(`${ORDERS}
local owners = {}
local now = nowMs()
for i = 4, #KEYS, 2 do
  local meta, runId = KEYS[i + 1], ARGV[2 + i / 2]
  local m = redis.call('HMGET', meta, 'owner', 'keep', 'echo')
  local life = m[2] and ARGV[3] or ARGV[1]
  if m[2] == 'brief' then life = ${LIMITS.runLogTtlSecondsMin} end
  redis.call('EXPIRE', KEYS[i], life)
  redis.call('EXPIRE', meta, life)
  local entry = redis.call('HGET', ORDERS, runId)
  local owner = m[1] or entry and string.match(entry, '^%d+ (.*)$') or ''
  owners[#owners + 1] = owner
  if entry then
    letGo(runId)
    local order = redis.call('HSTRLEN', meta, 'spec')
    if order > tonumber(ARGV[2]) and m[2] ~= '1' then
      redis.call('HDEL', meta, 'spec')
      order = 0
    end
    local left = order + (m[3] or 0)
    if left > tonumber(ARGV[2]) then
      hold(runId, owner, left)
      redis.call('ZADD', ENDING, now + 1000 * life, runId)
    end
  end
end
return owners`);

export const ORDER_SCRIPTS = [LET_GO, CONFIRM];
