import { script } from './script.js';

/** The parts of a tip as texts, a writer's attempt number, and the mark for the slow path. */
export const TIP = `
local function partsOf(tip) return string.match(tip, '^(%S+) (%d+) (%d+)') end
local function attemptOf(writer) return tonumber(string.match(writer, '^%d+')) end
local function mark(meta, tip)
  if string.sub(tip, -1) ~= '!' then redis.call('HSET', meta, 'tip', tip .. ' !') end
end`;

/**
 * For steered runs. `steers` holds one JSON string per line, `steered` how many of them became run.steered events.
 * `leftover` puts the others into the terminal event: only here is it certain that no further text comes.
 */
export const STEERING = `
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

/** The slow path, which checks everything. ARGV from `at` on: n, the tip before, the tip after, n events. */
const APPEND_ONE = `${STEERING}
local function steer(meta, first, last, terminal, steers)
  local steered = tonumber(redis.call('HGET', meta, 'steered') or '0')
  for i = first, last do if isSteered(ARGV[i]) then steered = steered + 1 end end
  redis.call('HSET', meta, 'steered', steered)
  if terminal then ARGV[last] = leftover(ARGV[last], steers, steered) end
end
local function appendOne(log, meta, at, n, isEnd)
  local m = redis.call('HMGET', meta, 'tip', 'term', 'cancel', 'ch', 'steers')
  if not m[1] then return '-5' end
  local writer, to = partsOf(ARGV[at + 2])
  local holder, from, size = partsOf(m[1])
  local last, seq, bytes = tonumber(to), tonumber(from), tonumber(size)
  local cancel = m[3] and ' ' .. m[3] or ''
  local marked = isEnd or m[3] or m[5]
  if holder == writer and seq >= last then return '1 ' .. writer .. ' ' .. from .. ' ' .. (marked and 0 or size) .. cancel end
  if m[2] then return '-2' end
  if holder ~= writer and attemptOf(holder) >= attemptOf(writer) then return '-1' end
  if seq < last - n then return '-3 ' .. from end
  local beyond = at + 2 + n - last
  for s = seq + 1, last do bytes = bytes + #ARGV[beyond + s] end
  if bytes > tonumber(ARGV[1]) and not isEnd then return '-4' end
  if m[5] then steer(meta, beyond + seq + 1, beyond + last, isEnd, m[5]) end
  for s = seq + 1, last do redis.call('XADD', log, s .. '-0', 'e', ARGV[beyond + s]) end
  local tip = writer .. ' ' .. to .. ' ' .. bytes
  redis.call('HSET', meta, 'tip', marked and tip .. ' !' or tip)
  if isEnd then redis.call('HSET', meta, 'term', '1') end
  local message = messageOf(log, at, n)
  local messages = live[m[4]] or {}
  messages[#messages + 1] = message
  live[m[4]] = messages
  if heard[log] then redis.call('PUBLISH', log, message) end
  return '0 ' .. writer .. ' ' .. to .. ' ' .. (marked and 0 or bytes) .. cancel
end`;

/** The fast path, which only checks the tips: all appends are stored, or none. */
const APPEND_NAMED = `
local function areAsNamed(count, at)
  for i = 1, count do
    if redis.call('HGET', KEYS[2 * i], 'tip') ~= ARGV[at + 1] then return false end
    at = at + 3 + ARGV[at]
  end
  return true
end
local function appendNamed(count, at)
  for i = 1, count do
    local n, tip, log = tonumber(ARGV[at]), ARGV[at + 2], KEYS[2 * i - 1]
    local _, last = partsOf(tip)
    for k = 1, n - 1 do redis.call('XADD', log, last - n + k .. '-0', 'e', ARGV[at + 2 + k]) end
    redis.call('XADD', log, last .. '-0', 'e', ARGV[at + 2 + n])
    redis.call('HSET', KEYS[2 * i], 'tip', tip)
    if heard[log] then redis.call('PUBLISH', log, messageOf(log, at, n)) end
    at = at + 3 + n
  end
  for i = 4, 2 + 2 * ARGV[3], 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
  return at
end`;

/**
 * The pending events of many runs in one call: a command costs the client more than the script costs Redis, and calling
 * a command from Lua costs more than the command itself. A writer that knows where its logs end therefore names their
 * tips and sends the finished message for their listeners along. If all tips are as named, the events are stored and
 * the message is published unchanged.
 *
 * KEYS log, meta of each run, the named ones first; ARGV bytesMax, how many are named, how many channels, for each of
 * these its name and the message of the named runs, then for each run n (negative: the last event is terminal), the tip
 * before ('' for a run that is not named), the tip after, n events. -> a line with the number of runs whose tips were
 * as named, or 0; then a line for each other run: 'code writer seq bytes[ cancel]' when its events are stored,
 * '-3 seq', or 'code'; bytes is 0 when its tip must not be named
 */
export const APPEND = script(`${TIP}
local live, heard, logs = {}, {}, {}
for i = 1, #KEYS, 2 do logs[#logs + 1] = KEYS[i] end
local counts = redis.call('PUBSUB', 'NUMSUB', unpack(logs))
for i = 1, #counts, 2 do heard[counts[i]] = counts[i + 1] > 0 end
local function messageOf(log, at, n)
  return string.match(log, '{([^{}]+)}[^{}]*$') .. '\\n' .. table.concat(ARGV, '\\n', at + 3, at + 2 + n)
end${APPEND_ONE}${APPEND_NAMED}
local named, at = tonumber(ARGV[2]), 4 + 2 * ARGV[3]
if areAsNamed(named, at) then at = appendNamed(named, at) else named = 0 end
local replies = {named}
for i = 2 * named + 1, #KEYS, 2 do
  local n = tonumber(ARGV[at])
  replies[#replies + 1] = appendOne(KEYS[i], KEYS[i + 1], at, math.abs(n), n < 0)
  at = at + 3 + math.abs(n)
end
for channel, messages in pairs(live) do redis.call('PUBLISH', channel, table.concat(messages, '\\n')) end
return table.concat(replies, '\\n')`);
