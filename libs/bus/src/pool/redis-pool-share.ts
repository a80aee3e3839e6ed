import type {
  MemberFacts,
  PoolCheck,
  PoolMemberKey,
  PoolOffice,
  PoolReport,
  PoolShare,
  PoolSight,
  PoolTake,
} from '#libs/contract';
import { createHash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection, type ScriptCall } from '../redis/connect-redis.js';
import {
  POOL_BEAT,
  POOL_CHANGE,
  POOL_ENTER,
  POOL_HEALTH,
  POOL_LEAVE,
  POOL_LOOK,
  POOL_TAKE,
  POOL_WEIGH,
} from '../scripts/pool-scripts.js';
import { parseHealth, POOL_TERMS } from './pool-terms.js';

const sha = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);

/** Names of members are hashed once, not for each request: they come from the settings. */
function remembered<T>(name: (of: T) => string, keyOf: (of: T) => string): (of: T) => string {
  const known = new Map<string, string>();
  return (of) => {
    const key = keyOf(of);
    const found = known.get(key) ?? name(of);
    if (known.size < NAMES_MAX) known.set(key, found);
    return found;
  };
}
const NAMES_MAX = 1_000;
const itself = (name: string): string => name;

function poolKeys({ keys }: RedisConnection) {
  return {
    flight: remembered((upstream: string) => keys.pool('flight', sha(upstream)), itself),
    member: remembered(
      ({ upstream, model }: PoolMemberKey) => keys.pool('member', sha(upstream, model)),
      ({ upstream, model }) => `${upstream}\n${model}`,
    ),
    home: (key: string) => keys.pool('home', sha(key)),
    bound: remembered((upstream: string) => keys.pool('bound', sha(upstream)), itself),
    drained: keys.pool('drained'),
    workers: keys.pool('workers'),
    orders: keys.pool('orders'),
    checks: keys.pool('checks'),
    checked: keys.pool('checked'),
  };
}

/**
 * The places that this worker itself knows to hold, per upstream. A command that is sent again after a lost connection,
 * or that runs after its caller has given up, counts wrongly in Redis: each beat puts these counts there instead.
 */
class PlacesOfWorker {
  private readonly rows = new Map<string, readonly [requests: number, tokens: number]>();

  add(upstream: string, requests: number, tokens: number): void {
    const before = this.of(upstream);
    this.rows.set(upstream, [Math.max(0, before[0] + requests), Math.max(0, before[1] + tokens)]);
  }

  of(upstream: string): readonly [requests: number, tokens: number] {
    return this.rows.get(upstream) ?? [0, 0];
  }
}

/** The share on Redis, of one worker. */
export function redisPoolShare(connection: RedisConnection, worker: string): PoolShare {
  const { redis } = connection;
  const names = poolKeys(connection);
  const call: Call = (...script) => withinDeadline(runScript(redis, ...script));
  const places = new PlacesOfWorker();
  return {
    look: looker(connection),
    async enter({ member, tokens, inFlightMax = 0, key = '', binds = false, isForced = false }) {
      const { upstream } = member;
      const keys = [names.flight(upstream), names.member(member), names.home(key), names.bound(upstream)];
      const place = [worker, tokens, POOL_TERMS.placeMs, isForced ? 0 : inFlightMax, isForced ? 0 : POOL_TERMS.probeMs];
      const binding = [binds ? 1 : 0, upstream, POOL_TERMS.homesMax, POOL_TERMS.homeMs];
      places.add(upstream, 1, tokens);
      let outcome: 'entered' | 'full' | 'cooling' | undefined;
      try {
        outcome = (await call(POOL_ENTER, keys, [...place, ...binding])) as 'entered' | 'full' | 'cooling';
        return outcome;
      } finally {
        if (outcome !== 'entered') places.add(upstream, -1, -tokens);
      }
    },
    async take(request) {
      const reply = (await call(...takeCall(names, worker, request))) as (string | number)[];
      if (reply[0] !== 'entered') return { kind: 'seen', ...readSight(reply, request.members.length) };
      const at = Number(reply[1]) - 1;
      places.add(request.members[at]?.upstream ?? '', 1, request.tokens);
      return { kind: 'entered', at, isNew: reply[2] === 1 };
    },
    async weigh({ upstream }, moreTokens) {
      places.add(upstream, 0, moreTokens);
      await call(POOL_WEIGH, [names.flight(upstream)], [worker, moreTokens, POOL_TERMS.placeMs]);
    },
    async leave({ upstream }, tokens) {
      places.add(upstream, -1, -tokens);
      await call(POOL_LEAVE, [names.flight(upstream)], [worker, tokens, POOL_TERMS.placeMs]);
    },
    change: changer(names, call),
    async beat(report) {
      const upstreams = [...new Set(report.members.map(({ upstream }) => upstream))];
      const reply = await call(
        POOL_BEAT,
        [names.workers, names.orders, names.checks, ...upstreams.map(names.flight)],
        [worker, JSON.stringify(report), POOL_TERMS.placeMs, ...upstreams.flatMap((name) => places.of(name))],
      );
      const [generation, ...checks] = reply as string[];
      return { generation: Number(generation), checks };
    },
    async tellCheck(upstream, check) {
      const at = await serverTime(connection);
      await withinDeadline(redis.hset(names.checked, upstream, JSON.stringify({ at, ...check })));
    },
  };
}

type Call = (...script: ScriptCall) => Promise<unknown>;

function changer(names: ReturnType<typeof poolKeys>, call: Call): PoolShare['change'] {
  return async (member, change) => {
    const key = names.member(member);
    for (let i = 0; i < POOL_TERMS.changesMax; i++) {
      const [now, rev, json] = (await call(POOL_HEALTH, [key], [])) as [number, string, string];
      const before = parseHealth(json);
      const after = change(before, now);
      if (after === before) return;
      const args = [rev, JSON.stringify(after), after.until, POOL_TERMS.memberMs];
      if ((await call(POOL_CHANGE, [key], args)) === 1) return;
    }
  };
}

function looker(connection: RedisConnection): PoolShare['look'] {
  const names = poolKeys(connection);
  return async (members, key) => {
    const keys = members.flatMap((member) => [names.flight(member.upstream), names.member(member)]);
    const upstreams = members.map(({ upstream }) => upstream);
    const script = runScript(connection.redis, POOL_LOOK, [names.home(key), names.drained, ...keys], upstreams);
    return readSight((await withinDeadline(script)) as (string | number)[], members.length);
  };
}

/** The reply of POOL_LOOK. */
function readSight([now, home = '', ...facts]: readonly (string | number)[], members: number): PoolSight {
  const at = (i: number): MemberFacts => {
    const [inFlight, inFlightTokens, json, probeUntil, isDrained] = facts.slice(i * 5, i * 5 + 5);
    return {
      inFlight: Number(inFlight),
      inFlightTokens: Number(inFlightTokens),
      health: parseHealth(String(json)),
      probeUntil: Number(probeUntil),
      isDrained: isDrained === 1,
    };
  };
  return {
    now: Number(now),
    ...(home !== '' && { binding: String(home) }),
    members: Array.from({ length: members }, (_, i) => at(i)),
  };
}

function takeCall(names: ReturnType<typeof poolKeys>, worker: string, request: PoolTake): ScriptCall {
  const { members, key, tokens, proposal = -1 } = request;
  const keys = members.flatMap((one) => [names.flight(one.upstream), names.member(one), names.bound(one.upstream)]);
  const bounds = members.flatMap(({ upstream, inFlightMax = 0, isShunned }) => [
    upstream,
    isShunned ? -1 : inFlightMax,
  ]);
  const { placeMs, homesMax, homeMs } = POOL_TERMS;
  return [
    POOL_TAKE,
    [names.home(key), names.drained, ...keys],
    [worker, tokens, placeMs, homesMax, homeMs, proposal + 1, ...bounds],
  ];
}

async function serverTime({ redis }: RedisConnection): Promise<number> {
  const [seconds, micros] = await withinDeadline(redis.time());
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** The operators' side of the share on Redis. */
export function redisPoolOffice(connection: RedisConnection): PoolOffice {
  const { redis } = connection;
  const names = poolKeys(connection);
  return {
    look: looker(connection),
    async drain(upstream, isDrained) {
      await withinDeadline(isDrained ? redis.sadd(names.drained, upstream) : redis.srem(names.drained, upstream));
    },
    async forgive(members) {
      if (members.length > 0) await withinDeadline(redis.del(...members.map(names.member)));
    },
    async bindings(upstreams) {
      const now = await serverTime(connection);
      return await withinDeadline(Promise.all(upstreams.map((name) => redis.zcount(names.bound(name), now, '+inf'))));
    },
    async reports() {
      const [now, rows] = await Promise.all([serverTime(connection), withinDeadline(redis.hgetall(names.workers))]);
      const heard = Object.entries(rows).map(([worker, text]) => ({ worker, ...readReport(text) }));
      const silent = heard.filter(({ at }) => at < now - POOL_TERMS.reportMs).map(({ worker }) => worker);
      if (silent.length > 0) await withinDeadline(redis.hdel(names.workers, ...silent));
      return heard.flatMap(({ worker, at, report }) => (silent.includes(worker) || !report ? [] : [{ ...report, at }]));
    },
    askReload: async () => await withinDeadline(redis.hincrby(names.orders, 'generation', 1)),
    async askCheck(upstream) {
      await withinDeadline(redis.sadd(names.checks, upstream));
    },
    async lastCheck(upstream) {
      const text = await withinDeadline(redis.hget(names.checked, upstream));
      return text === null ? undefined : (JSON.parse(text) as PoolCheck);
    },
    now: () => serverTime(connection),
  };
}

function readReport(text: string): { readonly at: number; readonly report: PoolReport | undefined } {
  const space = text.indexOf(' ');
  try {
    return { at: Number(text.slice(0, space)), report: JSON.parse(text.slice(space + 1)) as PoolReport };
  } catch {
    return { at: 0, report: undefined };
  }
}
