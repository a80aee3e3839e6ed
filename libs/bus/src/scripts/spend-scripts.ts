import { script } from './script.js';

/**
 * What the runs of a session or a job have spent: a hash of `sum` (ended runs) and one field per run that goes on, with
 * its run id as name and `<spent>:<reserved>:<ms>` as value. The reservation counts until that time of the server's
 * clock, so one that its worker did not survive falls away. Amounts are billionths of the currency. Lua's numbers are
 * exact up to 2^53, nine million units of the currency.
 */
const OTHERS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function parts(text)
  local spent, reserved, till = string.match(text, '^(%d+):(%d+):(%d+)$')
  if not spent then return tonumber(text), 0 end
  return tonumber(spent), tonumber(till) > now and tonumber(reserved) or 0
end
local others, runs = 0, 0
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do
  if flat[i] ~= ARGV[1] then
    local spent, reserved = parts(flat[i + 1])
    others = others + spent + reserved
    if flat[i] ~= 'sum' then runs = runs + 1 end
  end
end`;

/**
 * Runs that somebody else ended stay in the hash. When there are too many of them, all join the sum. One among them
 * that goes on counts twice from then on: the bound is met too early, never too late.
 */
const KEEP = `
if runs >= tonumber(ARGV[4]) then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'sum', string.format('%.0f', others))
end
redis.call('HSET', KEYS[1], ARGV[1], row)
redis.call('EXPIRE', KEYS[1], ARGV[3])`;

/**
 * KEYS fund; ARGV runId, spent, ttl (s), runsMax, min, want, limit, time of the reservation (ms).
 * -> -1 less than min is left | granted
 */
export const RESERVE_SPEND = script(`${OTHERS}
local granted = math.min(tonumber(ARGV[6]), tonumber(ARGV[7]) - others - tonumber(ARGV[2]))
if granted < tonumber(ARGV[5]) then return '-1' end
local row = string.format('%.0f:%.0f:%.0f', tonumber(ARGV[2]), granted, now + tonumber(ARGV[8]))
${KEEP}
return string.format('%.0f', granted)`);

/** KEYS fund; ARGV runId, spent, ttl (s), runsMax. */
export const SETTLE_SPEND = script(`${OTHERS}
local row = string.format('%.0f', tonumber(ARGV[2]))
${KEEP}
return 1`);

/** KEYS fund; ARGV runId, ttl (s). */
export const CLOSE_SPEND = script(`
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then return 0 end
local spent = tonumber(string.match(row, '^%d+'))
local sum = tonumber(redis.call('HGET', KEYS[1], 'sum') or '0') + spent
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], 'sum', string.format('%.0f', sum))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`);
