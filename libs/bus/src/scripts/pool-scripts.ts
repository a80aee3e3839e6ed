import { script } from './script.js';

/**
 * What all workers know of upstreams in pools. The clock is the server's. `flight` of an upstream has one field per
 * worker, `<requests> <tokens> <until>`: the worker's places count until that time. `member` has the health of one
 * model at one upstream: `rev`, `json`, `until` (of the health) and `probe`.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** `flying(key)`: requests and tokens of all living workers. Rows of other workers are removed. */
const FLYING = `${NOW}
local function flying(key)
  local rows = redis.call('HGETALL', key)
  local requests, tokens = 0, 0
  for i = 1, #rows, 2 do
    local r, t, till = string.match(rows[i + 1], '^(%d+) (%d+) (%d+)$')
    if r == nil or tonumber(till) <= now then
      redis.call('HDEL', key, rows[i])
    else
      requests = requests + tonumber(r)
      tokens = tokens + tonumber(t)
    end
  end
  return requests, tokens
end`;

/** `row(key, worker)`: requests and tokens of one worker. `keep(...)`: writes them. */
const ROW = `
local function row(key, worker)
  local text = redis.call('HGET', key, worker)
  if not text then return 0, 0 end
  local r, t = string.match(text, '^(%d+) (%d+) ')
  return tonumber(r or 0), tonumber(t or 0)
end
local function keep(key, worker, requests, tokens, ttl)
  redis.call('HSET', key, worker, string.format('%d %d %d', requests, tokens, now + ttl))
  redis.call('PEXPIRE', key, ttl * 2)
end`;

/** `seen(reply, flight, member, drained, upstream)` adds requests, tokens, json, probe, and 1 for a drained one. */
const SEEN = `
local function seen(reply, flight, member, drained, upstream)
  local requests, tokens = flying(flight)
  local state = redis.call('HMGET', member, 'json', 'probe')
  reply[#reply + 1] = requests
  reply[#reply + 1] = tokens
  reply[#reply + 1] = state[1] or ''
  reply[#reply + 1] = state[2] or '0'
  reply[#reply + 1] = redis.call('SISMEMBER', drained, upstream)
end`;

/** `bind(home, bound, upstream, most, ms)` makes a binding, `prolong(home, bound, ms)` keeps one. */
const BIND = `
local function bind(home, bound, upstream, most, ms)
  redis.call('SET', home, upstream, 'PX', ms)
  redis.call('ZREMRANGEBYSCORE', bound, '-inf', now)
  redis.call('ZADD', bound, now + ms, home)
  redis.call('ZREMRANGEBYRANK', bound, 0, -1 - most)
  redis.call('PEXPIRE', bound, ms)
end
local function prolong(home, bound, ms)
  redis.call('PEXPIRE', home, ms)
  redis.call('ZADD', bound, now + ms, home)
end`;

/**
 * KEYS home drained (flight member)*; ARGV upstream*. -> now, home, then per member: requests tokens json probe
 * drained
 */
export const POOL_LOOK = script(`${FLYING}${SEEN}
local reply = { now, redis.call('GET', KEYS[1]) or '' }
for i = 1, #ARGV do seen(reply, KEYS[1 + 2 * i], KEYS[2 + 2 * i], KEYS[2], ARGV[i]) end
return reply`);

/**
 * KEYS home drained (flight member bound)*; ARGV worker tokens ttl homesMax homeMs proposal (upstream max)*. `max`: 0
 * no bound, -1 not there. `proposal`: from 1; 0 none. -> entered, index from 1, 1 for a new session | as POOL_LOOK
 */
export const POOL_TAKE = script(`${FLYING}${ROW}${SEEN}${BIND}
local home = redis.call('GET', KEYS[1]) or ''
local members = (#ARGV - 6) / 2
local at, isNew = tonumber(ARGV[6]), 1
for i = 1, members do
  if ARGV[5 + 2 * i] == home then at, isNew = i, 0 end
end
local max = at > 0 and tonumber(ARGV[6 + 2 * at]) or -1
if max >= 0 then
  local flight, member, bound = KEYS[3 * at], KEYS[3 * at + 1], KEYS[3 * at + 2]
  local upstream, ms = ARGV[5 + 2 * at], tonumber(ARGV[5])
  if tonumber(redis.call('HGET', member, 'until') or 0) == 0 and redis.call('SISMEMBER', KEYS[2], upstream) == 0
    and (max == 0 or flying(flight) < max) then
    local requests, tokens = row(flight, ARGV[1])
    keep(flight, ARGV[1], requests + 1, tokens + ARGV[2], tonumber(ARGV[3]))
    if isNew == 1 then bind(KEYS[1], bound, upstream, ARGV[4], ms) else prolong(KEYS[1], bound, ms) end
    return { 'entered', at, isNew }
  end
end
local reply = { now, home }
for i = 1, members do seen(reply, KEYS[3 * i], KEYS[3 * i + 1], KEYS[2], ARGV[5 + 2 * i]) end
return reply`);

/**
 * KEYS flight member home bound; ARGV worker tokens ttl max probeMs binds upstream homesMax homeMs. -> entered | full |
 * cooling
 */
export const POOL_ENTER = script(`${FLYING}${ROW}${BIND}
local max = tonumber(ARGV[4])
if max > 0 and flying(KEYS[1]) >= max then return 'full' end
local state = redis.call('HMGET', KEYS[2], 'until', 'probe')
local cool, probe = tonumber(state[1] or 0), tonumber(state[2] or 0)
if tonumber(ARGV[5]) > 0 and cool > 0 then
  if cool > now or probe > now then return 'cooling' end
  redis.call('HSET', KEYS[2], 'probe', now + ARGV[5])
end
local requests, tokens = row(KEYS[1], ARGV[1])
keep(KEYS[1], ARGV[1], requests + 1, tokens + ARGV[2], tonumber(ARGV[3]))
local ms = tonumber(ARGV[9])
if ARGV[6] == '1' then bind(KEYS[3], KEYS[4], ARGV[7], ARGV[8], ms)
elseif redis.call('GET', KEYS[3]) == ARGV[7] then prolong(KEYS[3], KEYS[4], ms) end
return 'entered'`);

/** KEYS flight; ARGV worker tokens ttl. */
export const POOL_LEAVE = script(`${NOW}${ROW}
local requests, tokens = row(KEYS[1], ARGV[1])
keep(KEYS[1], ARGV[1], math.max(0, requests - 1), math.max(0, tokens - ARGV[2]), tonumber(ARGV[3]))
return 1`);

/** KEYS flight; ARGV worker tokens ttl. */
export const POOL_WEIGH = script(`${NOW}${ROW}
local requests, tokens = row(KEYS[1], ARGV[1])
keep(KEYS[1], ARGV[1], requests, math.max(0, tokens + ARGV[2]), tonumber(ARGV[3]))
return 1`);

/** KEYS member. -> now rev json */
export const POOL_HEALTH = script(`${NOW}
local state = redis.call('HMGET', KEYS[1], 'rev', 'json')
redis.call('HDEL', KEYS[1], 'probe')
return { now, state[1] or '0', state[2] or '' }`);

/** KEYS member; ARGV rev json until ttl. -> 0 another worker has changed it | 1 */
export const POOL_CHANGE = script(`
if (redis.call('HGET', KEYS[1], 'rev') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'rev', ARGV[1] + 1, 'json', ARGV[2], 'until', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`);

/**
 * KEYS workers orders checks flight*; ARGV worker report ttl (requests tokens)*. Replaces this worker's rows by its
 * report, so a call that ran twice or late counts only until now. -> generation check*
 */
export const POOL_BEAT = script(`${NOW}${ROW}
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
for i = 4, #KEYS do
  local requests = tonumber(ARGV[2 * i - 4])
  if requests > 0 then keep(KEYS[i], ARGV[1], requests, tonumber(ARGV[2 * i - 3]), tonumber(ARGV[3]))
  else redis.call('HDEL', KEYS[i], ARGV[1]) end
end
local reply = { redis.call('HGET', KEYS[2], 'generation') or '0' }
for _, name in ipairs(redis.call('SPOP', KEYS[3], 100)) do reply[#reply + 1] = name end
return reply`);

export const POOL_SCRIPTS = [
  POOL_LOOK,
  POOL_TAKE,
  POOL_ENTER,
  POOL_WEIGH,
  POOL_LEAVE,
  POOL_HEALTH,
  POOL_CHANGE,
  POOL_BEAT,
];
