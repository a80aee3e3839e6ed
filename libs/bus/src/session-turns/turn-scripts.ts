import { script } from '../scripts/script.js';

/*
 * The record of a session, one hash and one list with a common hash tag:
 *
 *   active         the run whose turn it is
 *   tail, at       the youngest run and its time: parent of the next run, and lower bound of its time
 *   opening, since the run between enter and ready (never more than one), and when it entered
 *   prev, prevAt   tail and at as they were before the opening run entered; restored if it never opens
 *   (list)         waiting runs in order; empty while no run is active
 */

/** Reply codes of ENTER. */
export const ENTRY = { entered: 0, unknown: -1, opening: -2, busy: -3, full: -4 } as const;
/** Reply codes of READY. */
export const READINESS = { evicted: 0, turn: 1, waits: 2 } as const;

/** Used instead of `last` when the store has not been asked yet. */
export const NOT_ASKED = '?';

/** KEYS record, line; ARGV runId, whenBusy, waitingMax, last, lastAt, openingMsMax, ttl. -> {code, parent or '', at} */
export const ENTER = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local m = redis.call('HMGET', KEYS[1], 'active', 'tail', 'at', 'opening', 'since', 'prev', 'prevAt')
local active, tail, at = m[1], m[2], m[3]
if not tail then
  if ARGV[4] == '${NOT_ASKED}' then return {${ENTRY.unknown}} end
  tail, at = ARGV[4], ARGV[5]
end
if m[4] == ARGV[1] then return {${ENTRY.entered}, m[6], tonumber(at)} end
if m[4] then
  if now - tonumber(m[5]) < tonumber(ARGV[6]) then
    return {ARGV[2] == 'reject' and ${ENTRY.busy} or ${ENTRY.opening}}
  end
  tail, at = m[6], m[7]
end
if active and ARGV[2] == 'reject' then return {${ENTRY.busy}} end
if active and redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[3]) then return {${ENTRY.full}} end
local mine = math.max(now, tonumber(at) + 1)
redis.call('HSET', KEYS[1], 'tail', ARGV[1], 'at', mine, 'opening', ARGV[1], 'since', now, 'prev', tail, 'prevAt', at)
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {${ENTRY.entered}, tail, mine}`);

/** KEYS record, line; ARGV runId, ttl. -> code */
export const READY = script(`
local m = redis.call('HMGET', KEYS[1], 'active', 'opening')
if m[1] == ARGV[1] then return ${READINESS.turn} end
if m[2] ~= ARGV[1] then
  return redis.call('LPOS', KEYS[2], ARGV[1]) and ${READINESS.waits} or ${READINESS.evicted}
end
redis.call('HDEL', KEYS[1], 'opening', 'since', 'prev', 'prevAt')
if not m[1] then
  redis.call('HSET', KEYS[1], 'active', ARGV[1])
  return ${READINESS.turn}
end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return ${READINESS.waits}`);

/**
 * KEYS record, line; ARGV runId, ttl while busy, ttl while idle. -> the run to be queued, or ''
 *
 * A repeated leave gives the same reply as the first, because if the first reply was lost, the next run was not queued.
 */
export const LEAVE = script(`
local m = redis.call('HMGET', KEYS[1], 'active', 'opening', 'prev', 'prevAt')
if m[2] == ARGV[1] then
  redis.call('HSET', KEYS[1], 'tail', m[3], 'at', m[4])
  redis.call('HDEL', KEYS[1], 'opening', 'since', 'prev', 'prevAt')
  return ''
end
if m[1] ~= ARGV[1] then
  if redis.call('LREM', KEYS[2], 0, ARGV[1]) > 0 then return '' end
  return m[1] or ''
end
local next = redis.call('LPOP', KEYS[2])
if next then
  redis.call('HSET', KEYS[1], 'active', next)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  return next
end
redis.call('HDEL', KEYS[1], 'active')
redis.call('EXPIRE', KEYS[1], ARGV[3])
return ''`);

/** KEYS record, line. -> 1 forgotten, 0 busy */
export const FORGET = script(`
local m = redis.call('HMGET', KEYS[1], 'active', 'opening')
if m[1] or m[2] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
return 1`);

/** KEYS index; ARGV member, its old score. Removes the member unless it was listed again since. */
export const SETTLE = script(`
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`);
