import {
  LIMITS,
  type SessionRef,
  type SessionTurns,
  type TurnEntry,
  type TurnRequest,
  type TurnState,
  type UnsettledSession,
} from '#libs/contract';
import { createHash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import type { Script } from '../scripts/script.js';
import { ENTER, ENTRY, FORGET, LEAVE, NOT_ASKED, READINESS, READY, SETTLE } from './turn-scripts.js';

const BUSY_SECONDS = LIMITS.runLogOrphanTtlSeconds;

/** Session turns on Redis. @param openingMsMax longest time from `enter` to `ready`. */
export function redisSessionTurns(
  connection: RedisConnection,
  openingMsMax: number = LIMITS.sessionTurnOpeningMsMax,
): SessionTurns {
  return new RedisSessionTurns(connection, openingMsMax);
}

class RedisSessionTurns implements SessionTurns {
  constructor(
    private readonly connection: RedisConnection,
    private readonly openingMsMax: number,
  ) {}

  async enter({ session, runId, whenBusy, waitingMax, last }: TurnRequest): Promise<TurnEntry> {
    const lastRun = last === undefined ? NOT_ASKED : (last?.runId ?? '');
    const args = [runId, whenBusy, waitingMax, lastRun, last?.createdAt ?? 0, this.openingMsMax, BUSY_SECONDS];
    return toEntry((await this.run(ENTER, session, args)) as [number, string, number]);
  }

  async ready(session: SessionRef, runId: string): Promise<'turn' | 'waits' | 'evicted'> {
    const { redis, keys } = this.connection;
    // The session goes on the list first, because a turn that no list remembers could wait for ever.
    const listed = redis.zadd(keys.unsettledSessions, Date.now(), memberOf(session));
    const [code] = await Promise.all([this.run(READY, session, [runId, BUSY_SECONDS]), withinDeadline(listed)]);
    if (code === READINESS.turn) return 'turn';
    return code === READINESS.waits ? 'waits' : 'evicted';
  }

  async leave(session: SessionRef, runId: string): Promise<string | undefined> {
    const next = await this.run(LEAVE, session, [runId, BUSY_SECONDS, LIMITS.sessionTurnsIdleSeconds]);
    return (next as string) || undefined;
  }

  async state(session: SessionRef): Promise<TurnState> {
    const { redis } = this.connection;
    const [record, line] = this.keysOf(session);
    const [[active, last, at], waiting] = await withinDeadline(
      Promise.all([redis.hmget(record, 'active', 'tail', 'at'), redis.lrange(line, 0, -1)]),
    );
    return { waiting, ...(active && { active }), ...(last && { last: { runId: last, createdAt: Number(at) } }) };
  }

  async forget(session: SessionRef): Promise<boolean> {
    return (await this.run(FORGET, session, [])) === 1;
  }

  async unsettled(limit: number): Promise<readonly UnsettledSession[]> {
    const { redis, keys } = this.connection;
    const rows = await withinDeadline(redis.zrange(keys.unsettledSessions, '0', String(limit - 1), 'WITHSCORES'));
    return rows.flatMap((member, i) => (i % 2 === 0 ? [toSession(member, Number(rows[i + 1]))] : []));
  }

  async settle(session: UnsettledSession, hasTurn: boolean): Promise<void> {
    const { redis, keys } = this.connection;
    const member = memberOf(session);
    if (hasTurn) await withinDeadline(redis.zadd(keys.unsettledSessions, 'XX', String(Date.now()), member));
    else await withinDeadline(runScript(redis, SETTLE, [keys.unsettledSessions], [member, session.since]));
  }

  private run(script: Script, session: SessionRef, args: readonly (string | number)[]): Promise<unknown> {
    return withinDeadline(runScript(this.connection.redis, script, this.keysOf(session), args));
  }

  private keysOf(session: SessionRef): [record: string, line: string] {
    const { keys } = this.connection;
    const digest = createHash('sha256').update(memberOf(session)).digest('hex');
    return [keys.turns(digest), keys.line(digest)];
  }
}

const memberOf = ({ owner, sessionId }: SessionRef): string => JSON.stringify([owner, sessionId]);

function toSession(member: string, since: number): UnsettledSession {
  const [owner, sessionId] = JSON.parse(member) as [string, string];
  return { owner, sessionId, since };
}

function toEntry([code, parentId, createdAt]: readonly [number, string, number]): TurnEntry {
  switch (code) {
    case ENTRY.entered:
      return { kind: 'entered', createdAt, ...(parentId && { parentId }) };
    case ENTRY.unknown:
      return { kind: 'unknown' };
    case ENTRY.opening:
      return { kind: 'opening' };
    case ENTRY.full:
      return { kind: 'full' };
    default:
      return { kind: 'busy' };
  }
}
