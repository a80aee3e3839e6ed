import { createHash } from 'node:crypto';

/**
 * The run log's scripts. Each is one atomic step of this life of a run:
 *
 *   open -> claim(1) append* [claim(2) append* ...] append(terminal) -> confirmed by the store -> expires
 *                 \__ end(): reconciler or failed job, whoever owns it     \__ cancel(): ends it if nobody ever claimed it
 *
 * The owner (the highest attempt that claimed) gives the sequence numbers. That makes an append idempotent, so a command
 * that is sent again after a cut connection doubles nothing, and makes a lost tail visible (reliability.md, findings 5
 * to 7 and C.2: 0 lost and 0 doubled in 176 worker kills and 1,032 cut connections).
 *
 * Every script publishes what it stored: to the channel of the API instance that opened the run, which needs no
 * SUBSCRIBE per run, and to the run's own channel (the name of its log) for all other listeners. A message is lines: a run
 * id, the new events of that run, and, on an instance's channel, the next run id and its events.
 */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') });

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
} as const;

/** Fences every attempt out: larger than any attempt number. */
const ATTEMPT_OF_NOBODY = '9007199254740991';

/** KEYS log, meta; ARGV ttl seconds, owner, instance channel, spec, runId, event. -> 0 | 1 opened */
export const OPEN = script(`
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'seq', '1', 'owner', ARGV[2], 'ch', ARGV[3], 'spec', ARGV[4], 'bytes', #ARGV[6])
redis.call('XADD', KEYS[1], '1-0', 'e', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[5] .. '\\n' .. ARGV[6])
redis.call('PUBLISH', KEYS[1], ARGV[5] .. '\\n' .. ARGV[6])
return 1`);

/** KEYS meta; ARGV attempt, worker. -> {code, lastSeq, cancel reason or '', spec} */
export const CLAIM = script(`
local m = redis.call('HMGET', KEYS[1], 'att', 'term', 'seq', 'cancel', 'spec')
if not m[3] then return {-5} end
if m[2] then return {-2} end
if m[1] and tonumber(m[1]) > tonumber(ARGV[1]) then return {-1} end
redis.call('HSET', KEYS[1], 'att', ARGV[1], 'worker', ARGV[2])
return {0, tonumber(m[3]), m[4] or '', m[5]}`);

/**
 * The pending events of many runs in one call: a command costs the client more than the script costs Redis.
 * KEYS log, meta of each run; ARGV bytesMax, then for each run attempt, terminal 0|1, firstSeq, n, runId, n events.
 * -> for each run {code, lastSeq, cancel or ''}
 */
export const APPEND = script(`
local live = {}
local function append(log, meta, at)
  local m = redis.call('HMGET', meta, 'att', 'term', 'seq', 'cancel', 'ch', 'bytes')
  if not m[3] then return {-5, 0, ''} end
  local att, first, n = tonumber(ARGV[at]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local last, events = first + n - 1, at + 5
  local owner, seq = tonumber(m[1] or '0'), tonumber(m[3])
  if owner == att and seq >= last then return {1, seq, m[4] or ''} end
  if m[2] then return {-2, seq, ''} end
  if owner > att then return {-1, seq, ''} end
  if seq < first - 1 then return {-3, seq, ''} end
  local bytes = tonumber(m[6] or '0')
  for s = seq + 1, last do bytes = bytes + #ARGV[events + s - first] end
  if bytes > tonumber(ARGV[1]) and ARGV[at + 1] == '0' then return {-4, seq, ''} end
  for s = seq + 1, last do redis.call('XADD', log, s .. '-0', 'e', ARGV[events + s - first]) end
  if ARGV[at + 1] == '1' then
    redis.call('HSET', meta, 'att', ARGV[at], 'seq', last, 'bytes', bytes, 'term', '1')
  else
    redis.call('HSET', meta, 'att', ARGV[at], 'seq', last, 'bytes', bytes)
  end
  local message = table.concat(ARGV, '\\n', at + 4, events + n - 1)
  local channel = live[m[5]] or {}
  channel[#channel + 1] = message
  live[m[5]] = channel
  redis.call('PUBLISH', log, message)
  return {0, last, m[4] or ''}
end
local replies, at = {}, 2
for i = 1, #KEYS, 2 do
  replies[#replies + 1] = append(KEYS[i], KEYS[i + 1], at)
  at = at + 5 + tonumber(ARGV[at + 3])
end
for channel, messages in pairs(live) do redis.call('PUBLISH', channel, table.concat(messages, '\\n')) end
return replies`);

/** Appends a terminal event whose sequence number only Redis knows; ARGV[1] is the event's JSON after its seq. */
const END_HERE = `
local seq = tonumber(m[1]) + 1
local event = '{"seq":' .. seq .. ',' .. ARGV[1]
redis.call('XADD', KEYS[1], seq .. '-0', 'e', event)
redis.call('HSET', KEYS[2], 'att', '${ATTEMPT_OF_NOBODY}', 'seq', seq, 'term', '1')
redis.call('PUBLISH', m[3], ARGV[2] .. '\\n' .. event)
redis.call('PUBLISH', KEYS[1], ARGV[2] .. '\\n' .. event)`;

/** KEYS log, meta; ARGV event after its seq, runId. -> code */
export const END = script(`
local m = redis.call('HMGET', KEYS[2], 'seq', 'term', 'ch')
if not m[1] then return -5 end
if m[2] then return -2 end${END_HERE}
return 0`);

/** KEYS log, meta; ARGV run.cancelled after its seq, runId, reason, control channel without the worker. -> code */
export const CANCEL = script(`
local m = redis.call('HMGET', KEYS[2], 'seq', 'term', 'ch', 'att', 'worker')
if not m[1] then return -5 end
if m[2] then return -2 end
if m[4] then
  redis.call('HSETNX', KEYS[2], 'cancel', ARGV[3])
  redis.call('PUBLISH', ARGV[4] .. (m[5] or ''), ARGV[2])
  return 0
end${END_HERE}
return 2`);

/** KEYS idempotency key; ARGV runId. Deletes the key only while it still names that run. */
export const RELEASE_KEY = script(`
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, -#ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** Taught to the server at every connect, so that no call finds its script unknown, short of a SCRIPT FLUSH. */
export const SCRIPTS: readonly Script[] = [OPEN, CLAIM, APPEND, END, CANCEL, RELEASE_KEY];
