import { APPEND, STEERING, TIP } from './append-script.js';
import { ORDER_ROOM, ORDERS } from './order-scripts.js';
import { script } from './script.js';

/**
 * The run log's scripts. Each is one atomic step of this life of a run:
 *
 *   open -> claim(1) append* [claim(2) append* ...] append(terminal) -> confirmed by the store -> expires
 *                 \__ end(): scheduler or failed job, whoever writes it   \__ cancel(): ends it if it has no writer
 *                  \__ park(): no writer until answer() or the deadline; then the next generation's job claims it
 *
 * Cancel, answers and steering texts are fields of the meta hash: anybody may set them, the run's writer reads them.
 *
 * The writer is the highest attempt that claimed the run, as 'attempt:worker', or 0 before the first claim. `worker` is
 * a random word per process. It tells apart two workers with the same attempt number: that number comes from the queue
 * in the same Redis, and a Redis that lost its last second gives it out again while the first worker still writes.
 *
 * The field `tip` says where the log ends: 'writer seq bytes'. An append names the tip that its writer knows. If that
 * is the tip, the append takes the fast path and checks nothing else. Every script that leaves work for the slow path
 * (a cancel, a steering text, the end) adds ' !' to the tip, a form that no writer ever names.
 *
 * The writer gives the sequence numbers. That makes appends idempotent: a command that is sent again after a cut
 * connection stores nothing twice. It also reveals a lost tail (docs/reliability.md has the measurements).
 *
 * Every script publishes the events that it stored: to the channel of the API instance that opened the run, which needs
 * no SUBSCRIBE per run, and to the run's own channel (named like its log) for all other listeners; an append does the
 * latter only if there are any. A message consists of lines: a run id, then the new events of that run; on an
 * instance's channel further runs may follow in the same form.
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
  used: -7,
  noRoom: -8,
} as const;

/** Fences every attempt: larger than any attempt number. */
const ATTEMPT_OF_NOBODY = '9007199254740991';

/**
 * Marks the idempotency key that names the run, or reports that it was marked before. The mark follows the run id,
 * where readers of earlier versions do not look, and it lives as long as the key. So whatever deletes logs and rows
 * meanwhile, the same key never opens a second run under that id.
 */
const RESERVED = `
local function reserved(key, runId)
  local held = key and redis.call('GET', key)
  if not held then return false, false end
  local id, mark = string.match(held, '^%S+ (%S+)(.*)$')
  if id ~= runId then return false, false end
  return held, mark ~= ''
end`;

/**
 * KEYS orders, held, ending, log, meta, and the idempotency key if there is one; ARGV ttl seconds, owner, instance
 * channel, spec, runId, event, session in which the run takes a turn or '', bytes that the owner's orders may have,
 * how long the order stays with the log (see `keepOf`). -> 0 exists | 1 opened | -7 used | -8 no room
 */
export const OPEN = script(`${ORDERS}${ORDER_ROOM}${RESERVED}
local log, meta, owner, runId, bytes = KEYS[4], KEYS[5], ARGV[2], ARGV[5], #ARGV[4] + #ARGV[6]
if redis.call('EXISTS', meta) == 1 then return 0 end
local key, wasOpened = reserved(KEYS[6], runId)
if wasOpened then return -7 end
if not hasRoom(owner, bytes, tonumber(ARGV[8])) then return -8 end
if key then redis.call('SET', KEYS[6], key .. ' opened', 'KEEPTTL') end
hold(runId, owner, bytes)
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[1]) end
redis.call('HSET', meta, 'tip', '0 1 ' .. #ARGV[6], 'owner', owner, 'ch', ARGV[3], 'spec', ARGV[4], 'echo', #ARGV[6])
if ARGV[7] ~= '' then redis.call('HSET', meta, 'turn', ARGV[7]) end
if ARGV[9] ~= '' then redis.call('HSET', meta, 'keep', ARGV[9]) end
redis.call('XADD', log, '1-0', 'e', ARGV[6])
redis.call('EXPIRE', log, ARGV[1])
redis.call('EXPIRE', meta, ARGV[1])
redis.call('PUBLISH', ARGV[3], runId .. '\\n' .. ARGV[6])
redis.call('PUBLISH', log, runId .. '\\n' .. ARGV[6])
return 1`);

/**
 * KEYS log, meta; ARGV writer, worker, generation, runId, run.started after its seq or ''. -> {code, lastSeq, cancel
 * reason or '', spec, answers, steers, claims before this one, bytes or 0 when the tip must not be named, whether
 * run.started was stored}. A job of another generation is a leftover: its run never parked, or was parked again. Such a
 * job is fenced. Repeating a claim changes nothing.
 */
export const CLAIM = script(`${TIP}
local m = redis.call('HMGET', KEYS[2], 'tip', 'term', 'cancel', 'spec', 'answers', 'steers', 'gen', 'claims', 'ch')
if not m[1] then return {-5} end
if m[2] then return {-2} end
local writer, seq, bytes = partsOf(m[1])
if attemptOf(writer) > attemptOf(ARGV[1]) then return {-1} end
if (m[7] or '0') ~= ARGV[3] then return {-1} end
local begun = ARGV[5] ~= '' and (seq == '1' or seq == '2' and writer == ARGV[1])
if begun and seq == '1' then
  local event = '{"seq":2,' .. ARGV[5]
  seq, bytes = '2', bytes + #event
  redis.call('XADD', KEYS[1], '2-0', 'e', event)
  redis.call('PUBLISH', m[9], ARGV[4] .. '\\n' .. event)
  redis.call('PUBLISH', KEYS[1], ARGV[4] .. '\\n' .. event)
end
local seen = (m[3] or m[6]) and ' !' or ''
redis.call('HSET', KEYS[2], 'tip', ARGV[1] .. ' ' .. seq .. ' ' .. bytes .. seen, 'worker', ARGV[2])
if m[7] then redis.call('HDEL', KEYS[2], 'parked', 'woken') end
local claims = tonumber(m[8] or '0')
if writer == ARGV[1] then claims = claims - 1 else redis.call('HINCRBY', KEYS[2], 'claims', 1) end
return {0, tonumber(seq), m[3] or '', m[4], m[5] or '', m[6] or '', claims, seen == '' and tonumber(bytes) or 0, begun and 1 or 0}`);

/** KEYS meta; ARGV writer. Takes this attempt's claim out of the count, if the attempt still writes the run. */
export const FORGIVE = script(`${TIP}
local writer = partsOf(redis.call('HGET', KEYS[1], 'tip') or '')
if writer ~= ARGV[1] then return 0 end
return redis.call('HINCRBY', KEYS[1], 'claims', -1)`);

/** Appends a terminal event whose sequence number only Redis knows; ARGV[1] is the event's JSON after its seq. */
const END_HERE = `
local _, from, bytes = partsOf(m[1])
local seq = tonumber(from) + 1
local s = redis.call('HMGET', KEYS[2], 'steers', 'steered')
local event = leftover('{"seq":' .. seq .. ',' .. ARGV[1], s[1], s[2])
redis.call('XADD', KEYS[1], seq .. '-0', 'e', event)
redis.call('HSET', KEYS[2], 'tip', '${ATTEMPT_OF_NOBODY} ' .. seq .. ' ' .. bytes .. ' !', 'term', '1')
redis.call('PUBLISH', m[3], ARGV[2] .. '\\n' .. event)
redis.call('PUBLISH', KEYS[1], ARGV[2] .. '\\n' .. event)`;

/** KEYS log, meta; ARGV event after its seq, runId. -> code */
export const END = script(`${TIP}${STEERING}
local m = redis.call('HMGET', KEYS[2], 'tip', 'term', 'ch')
if not m[1] then return -5 end
if m[2] then return -2 end${END_HERE}
return 0`);

/**
 * KEYS log, meta; ARGV run.cancelled after its seq, runId, reason, control channel without the worker. -> {code,
 * generation}. A parked run has no writer, even while the job that resumes it is being delivered.
 */
export const CANCEL = script(`${TIP}${STEERING}
local m = redis.call('HMGET', KEYS[2], 'tip', 'term', 'ch', 'worker', 'parked', 'gen')
if not m[1] then return {-5, 0} end
if m[2] then return {-2, 0} end
if partsOf(m[1]) ~= '0' and not m[5] then
  redis.call('HSETNX', KEYS[2], 'cancel', ARGV[3])
  mark(KEYS[2], m[1])
  redis.call('PUBLISH', ARGV[4] .. (m[4] or ''), ARGV[2])
  return {0, 0}
end${END_HERE}
return {2, tonumber(m[6] or '0')}`);

/**
 * KEYS log, meta; ARGV writer, run.parked after its seq, runId, deadline (ms), next generation, n, n open approval ids.
 * -> code; 1: an answer or a cancel came first, so the run was not parked. Repeating it changes nothing.
 */
export const PARK = script(`${TIP}
local m = redis.call('HMGET', KEYS[2], 'tip', 'term', 'ch', 'cancel', 'answers', 'parked', 'steers')
if not m[1] then return -5 end
if m[2] then return -2 end
local writer, from, bytes = partsOf(m[1])
if writer ~= ARGV[1] then return -1 end
if m[6] then return 0 end
if m[4] then return 1 end
for i = 7, 6 + tonumber(ARGV[6]) do
  if string.find('\\n' .. (m[5] or ''), '\\n' .. ARGV[i] .. ' ', 1, true) then return 1 end
end
local seq = tonumber(from) + 1
local event = '{"seq":' .. seq .. ',' .. ARGV[2]
local tip = writer .. ' ' .. seq .. ' ' .. bytes .. (m[7] and ' !' or '')
redis.call('XADD', KEYS[1], seq .. '-0', 'e', event)
redis.call('HSET', KEYS[2], 'tip', tip, 'parked', ARGV[4], 'gen', ARGV[5])
redis.call('PUBLISH', m[3], ARGV[3] .. '\\n' .. event)
redis.call('PUBLISH', KEYS[1], ARGV[3] .. '\\n' .. event)
return 0`);

/**
 * KEYS meta; ARGV approval id, decision and answers in one line. -> {code, generation to wake, or -1 when the run has a
 * writer, which checks by itself}. The first answer counts: the same answer again is a repeat (1), another one is
 * refused.
 */
export const ANSWER = script(`
local m = redis.call('HMGET', KEYS[1], 'tip', 'term', 'answers', 'parked', 'gen')
if not m[1] then return {-5} end
local generation = m[4] and not m[2] and tonumber(m[5] or '0') or -1
local answers = m[3] or ''
local from, to = string.find('\\n' .. answers, '\\n' .. ARGV[1] .. ' ', 1, true)
local code = 0
if from then
  if string.match(answers, '^[^\\n]+', to) ~= ARGV[2] then return {-6} end
  code = 1
elseif m[2] then
  return {-2}
else
  redis.call('HSET', KEYS[1], 'answers', answers .. ARGV[1] .. ' ' .. ARGV[2] .. '\\n')
end
if generation >= 0 then redis.call('HSET', KEYS[1], 'woken', '1') end
return {code, generation}`);

/** KEYS meta; ARGV text as JSON, most texts of a run. -> code */
export const STEER = script(`${TIP}
local m = redis.call('HMGET', KEYS[1], 'tip', 'term', 'steers')
if not m[1] then return -5 end
if m[2] then return -2 end
local steers = m[3] or ''
local _, count = string.gsub(steers, '\\n', '')
if count >= tonumber(ARGV[2]) then return -6 end
redis.call('HSET', KEYS[1], 'steers', steers .. ARGV[1] .. '\\n')
mark(KEYS[1], m[1])
return 0`);

/** KEYS meta. Does not create the meta hash of a log that no longer exists. */
export const MARK_DELETED = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'del', '1') end
return 0`);

export const RUN_LOG_SCRIPTS = [OPEN, CLAIM, FORGIVE, APPEND, END, CANCEL, PARK, ANSWER, STEER, MARK_DELETED];
