import { script } from './script.js';

/**
 * The run log's scripts. Each is one atomic step of this life of a run:
 *
 *   open -> claim(1) append* [claim(2) append* ...] append(terminal) -> confirmed by the store -> expires
 *                 \__ end(): reconciler or failed job, whoever owns it     \__ cancel(): ends it if it has no owner
 *                  \__ park(): the owner lets go until answer() or the deadline; the next generation's job claims it
 *
 * Control records (cancel, answers, steering texts) are fields of the meta hash: written by anybody, read by the owner.
 *
 * The owner (the highest attempt that claimed) gives the sequence numbers. That makes an append idempotent, so a command
 * that is sent again after a cut connection doubles nothing, and makes a lost tail visible (reliability.md, findings 5
 * to 7 and C.2: 0 lost and 0 doubled in 176 worker kills and 1,032 cut connections).
 *
 * Every script publishes what it stored: to the channel of the API instance that opened the run, which needs no
 * SUBSCRIBE per run, and to the run's own channel (the name of its log) for all other listeners. A message is lines: a run
 * id, the new events of that run, and, on an instance's channel, the next run id and its events.
 */

/** Reply codes of all scripts. */
export const CODES = {
  done: 0,
  repeated: 1,
  cancelledHere: 2,
  fenced: -1,
  ended: -2,
  gap: -3,
  full: -4,
  unknown: -5,
  refused: -6,
} as const;

/** Fences every attempt out: larger than any attempt number. */
const ATTEMPT_OF_NOBODY = '9007199254740991';

/** KEYS log, meta; ARGV ttl seconds, owner, instance channel, spec, runId, event, session whose turn it takes or ''. -> 0 | 1 opened */
export const OPEN = script(`
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'seq', '1', 'owner', ARGV[2], 'ch', ARGV[3], 'spec', ARGV[4], 'bytes', #ARGV[6])
if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], 'turn', ARGV[7]) end
redis.call('XADD', KEYS[1], '1-0', 'e', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[5] .. '\\n' .. ARGV[6])
redis.call('PUBLISH', KEYS[1], ARGV[5] .. '\\n' .. ARGV[6])
return 1`);

/**
 * KEYS meta; ARGV attempt, worker, generation. -> {code, lastSeq, cancel reason or '', spec, answers, steers, claims before
 * this one}. A job of another generation than the run's is a leftover (its run never parked, or was parked again): fenced.
 */
export const CLAIM = script(`
local m = redis.call('HMGET', KEYS[1], 'att', 'term', 'seq', 'cancel', 'spec', 'answers', 'steers', 'gen', 'claims')
if not m[3] then return {-5} end
if m[2] then return {-2} end
if m[1] and tonumber(m[1]) > tonumber(ARGV[1]) then return {-1} end
if (m[8] or '0') ~= ARGV[3] then return {-1} end
redis.call('HSET', KEYS[1], 'att', ARGV[1], 'worker', ARGV[2])
if m[8] then redis.call('HDEL', KEYS[1], 'parked', 'woken') end
local claims = tonumber(m[9] or '0')
if m[1] == ARGV[1] then claims = claims - 1 else redis.call('HINCRBY', KEYS[1], 'claims', 1) end
return {0, tonumber(m[3]), m[4] or '', m[5], m[6] or '', m[7] or '', claims}`);

/** KEYS meta; ARGV attempt. Takes the claim of this attempt out of the count, if it still owns the run. */
export const FORGIVE = script(`
if redis.call('HGET', KEYS[1], 'att') ~= ARGV[1] then return 0 end
return redis.call('HINCRBY', KEYS[1], 'claims', -1)`);

/**
 * For runs that were steered. `steers` holds a JSON string per line, `steered` how many of them became run.steered events.
 * `leftover` puts the others into a terminal event: only here is it certain that none comes later.
 */
const STEERING = `
local function isSteered(event) return string.find(event, '^{"seq":%d+,"at":%d+,"type":"run%.steered"') ~= nil end
local function leftover(event, steers, steered)
  if not steers then return event end
  local rest, i = {}, 0
  for line in string.gmatch(steers, '[^\\n]+') do
    i = i + 1
    if i > tonumber(steered or '0') then rest[#rest + 1] = line end
  end
  if #rest == 0 then return event end
  return string.sub(event, 1, -2) .. ',"leftover":[' .. table.concat(rest, ',') .. ']}'
end`;

/**
 * The pending events of many runs in one call: a command costs the client more than the script costs Redis, and so does each of
 * its arguments and each element of its reply. Hence numbers share an argument, and all replies are one text.
 * KEYS log, meta of each run; ARGV bytesMax, then for each run 'attempt terminal(0|1) firstSeq n', runId, n events.
 * -> for each run a line 'code lastSeq cancel'; cancel may be empty
 */
export const APPEND = script(`${STEERING}
local live = {}
local function steer(meta, first, last, terminal, steers)
  local steered = tonumber(redis.call('HGET', meta, 'steered') or '0')
  for i = first, last do if isSteered(ARGV[i]) then steered = steered + 1 end end
  redis.call('HSET', meta, 'steered', steered)
  if terminal then ARGV[last] = leftover(ARGV[last], steers, steered) end
end
local function append(log, meta, at, attempt, isEnd, first, n)
  local m = redis.call('HMGET', meta, 'att', 'term', 'seq', 'cancel', 'ch', 'bytes', 'steers')
  if not m[3] then return '-5 0 ' end
  local last, events = first + n - 1, at + 1
  local att, owner, seq = tonumber(attempt), tonumber(m[1] or '0'), tonumber(m[3])
  if owner == att and seq >= last then return '1 ' .. m[3] .. ' ' .. (m[4] or '') end
  if m[2] then return '-2 ' .. m[3] .. ' ' end
  if owner > att then return '-1 ' .. m[3] .. ' ' end
  if seq < first - 1 then return '-3 ' .. m[3] .. ' ' end
  local bytes = tonumber(m[6] or '0')
  for s = seq + 1, last do bytes = bytes + #ARGV[events + s - first] end
  if bytes > tonumber(ARGV[1]) and not isEnd then return '-4 ' .. m[3] .. ' ' end
  if m[7] then steer(meta, events + seq + 1 - first, events + n - 1, isEnd, m[7]) end
  for s = seq + 1, last do redis.call('XADD', log, s .. '-0', 'e', ARGV[events + s - first]) end
  if isEnd then
    redis.call('HSET', meta, 'att', attempt, 'seq', last, 'bytes', bytes, 'term', '1')
  elseif owner == att then
    redis.call('HSET', meta, 'seq', last, 'bytes', bytes)
  else
    redis.call('HSET', meta, 'att', attempt, 'seq', last, 'bytes', bytes)
  end
  local message = table.concat(ARGV, '\\n', at, events + n - 1)
  local channel = live[m[5]] or {}
  channel[#channel + 1] = message
  live[m[5]] = channel
  redis.call('PUBLISH', log, message)
  return '0 ' .. last .. ' ' .. (m[4] or '')
end
local replies, at = {}, 2
for i = 1, #KEYS, 2 do
  local attempt, isEnd, first, n = string.match(ARGV[at], '^(%d+) ([01]) (%d+) (%d+)$')
  replies[#replies + 1] = append(KEYS[i], KEYS[i + 1], at + 1, attempt, isEnd == '1', tonumber(first), tonumber(n))
  at = at + 2 + tonumber(n)
end
for channel, messages in pairs(live) do redis.call('PUBLISH', channel, table.concat(messages, '\\n')) end
return table.concat(replies, '\\n')`);

/** Appends a terminal event whose sequence number only Redis knows; ARGV[1] is the event's JSON after its seq. */
const END_HERE = `
local seq = tonumber(m[1]) + 1
local s = redis.call('HMGET', KEYS[2], 'steers', 'steered')
local event = leftover('{"seq":' .. seq .. ',' .. ARGV[1], s[1], s[2])
redis.call('XADD', KEYS[1], seq .. '-0', 'e', event)
redis.call('HSET', KEYS[2], 'att', '${ATTEMPT_OF_NOBODY}', 'seq', seq, 'term', '1')
redis.call('PUBLISH', m[3], ARGV[2] .. '\\n' .. event)
redis.call('PUBLISH', KEYS[1], ARGV[2] .. '\\n' .. event)`;

/** KEYS log, meta; ARGV event after its seq, runId. -> code */
export const END = script(`${STEERING}
local m = redis.call('HMGET', KEYS[2], 'seq', 'term', 'ch')
if not m[1] then return -5 end
if m[2] then return -2 end${END_HERE}
return 0`);

/**
 * KEYS log, meta; ARGV run.cancelled after its seq, runId, reason, control channel without the worker. -> {code, generation}
 * A parked run has no owner, also while the job that will take it up is on its way.
 */
export const CANCEL = script(`${STEERING}
local m = redis.call('HMGET', KEYS[2], 'seq', 'term', 'ch', 'att', 'worker', 'parked', 'gen')
if not m[1] then return {-5, 0} end
if m[2] then return {-2, 0} end
if m[4] and not m[6] then
  redis.call('HSETNX', KEYS[2], 'cancel', ARGV[3])
  redis.call('PUBLISH', ARGV[4] .. (m[5] or ''), ARGV[2])
  return {0, 0}
end${END_HERE}
return {2, tonumber(m[7] or '0')}`);

/**
 * KEYS log, meta; ARGV attempt, run.parked after its seq, runId, deadline (ms), next generation, n, n open approval ids.
 * -> code; 1: there is something to do (an answer, a cancel), the run was not parked. Repeating it changes nothing.
 */
export const PARK = script(`
local m = redis.call('HMGET', KEYS[2], 'seq', 'term', 'ch', 'att', 'cancel', 'answers', 'parked')
if not m[1] then return -5 end
if m[2] then return -2 end
if m[4] ~= ARGV[1] then return -1 end
if m[7] then return 0 end
if m[5] then return 1 end
for i = 7, 6 + tonumber(ARGV[6]) do
  if string.find('\\n' .. (m[6] or ''), '\\n' .. ARGV[i] .. ' ', 1, true) then return 1 end
end
local seq = tonumber(m[1]) + 1
local event = '{"seq":' .. seq .. ',' .. ARGV[2]
redis.call('XADD', KEYS[1], seq .. '-0', 'e', event)
redis.call('HSET', KEYS[2], 'seq', seq, 'parked', ARGV[4], 'gen', ARGV[5])
redis.call('PUBLISH', m[3], ARGV[3] .. '\\n' .. event)
redis.call('PUBLISH', KEYS[1], ARGV[3] .. '\\n' .. event)
return 0`);

/**
 * KEYS meta; ARGV approval id, decision. -> {code, generation to wake, or -1 when the run has an owner who will look}
 * The first answer counts: the same again is a repeat (1), another one is refused.
 */
export const ANSWER = script(`
local m = redis.call('HMGET', KEYS[1], 'seq', 'term', 'answers', 'parked', 'gen')
if not m[1] then return {-5} end
if m[2] then return {-2} end
local generation = m[4] and tonumber(m[5] or '0') or -1
local answers = m[3] or ''
local from, to = string.find('\\n' .. answers, '\\n' .. ARGV[1] .. ' ', 1, true)
local code = 0
if from then
  if string.match(answers, '^%a+', to) ~= ARGV[2] then return {-6} end
  code = 1
else
  redis.call('HSET', KEYS[1], 'answers', answers .. ARGV[1] .. ' ' .. ARGV[2] .. '\\n')
end
if m[4] then redis.call('HSET', KEYS[1], 'woken', '1') end
return {code, generation}`);

/** KEYS meta; ARGV text as JSON, most texts of a run. -> code */
export const STEER = script(`
local m = redis.call('HMGET', KEYS[1], 'seq', 'term', 'steers')
if not m[1] then return -5 end
if m[2] then return -2 end
local steers = m[3] or ''
local _, count = string.gsub(steers, '\\n', '')
if count >= tonumber(ARGV[2]) then return -6 end
redis.call('HSET', KEYS[1], 'steers', steers .. ARGV[1] .. '\\n')
return 0`);

/** KEYS meta. A log that is gone stays gone. */
export const MARK_DELETED = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'del', '1') end
return 0`);

export const RUN_LOG_SCRIPTS = [OPEN, CLAIM, FORGIVE, APPEND, END, CANCEL, PARK, ANSWER, STEER, MARK_DELETED];
