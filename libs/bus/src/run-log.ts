import {
  GatewayError,
  LIMITS,
  parseRunSpec,
  type CancelReason,
  type LoggedEvent,
  type RunSpec,
  type TerminalEvent,
} from '#libs/contract';
import type { Redis } from 'ioredis';
import { runScript, runScripts, unavailable, type RedisConnection, type ScriptCall } from './connect-redis.js';
import type { RedisKeys } from './keys.js';
import type { AppendBatch, AppendReply, CancelOutcome, Claim, RunHead, RunLog } from './ports.js';
import { queuedEvent } from './queued-event.js';
import { APPEND, CANCEL, CLAIM, CODES, END, OPEN } from './scripts.js';

/** The run log on Redis. One instance per connection; the connection's role decides how long a call may wait. */
export function redisRunLog(connection: RedisConnection): RunLog {
  return new RedisRunLog(connection.redis, connection.keys);
}

class RedisRunLog implements RunLog {
  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  open(spec: RunSpec): Promise<'opened' | 'exists'> {
    const { redis, keys } = this;
    return guarded(async () => {
      // Into the index first: a run that nobody remembers could stay `queued` for ever (fault P16).
      const args = [LIMITS.runLogOrphanTtlSeconds, spec.owner, keys.live(spec.instance), JSON.stringify(spec)];
      const [, opened] = await Promise.all([
        redis.zadd(keys.unconfirmed, spec.createdAt, spec.runId),
        runScript(redis, OPEN, this.pair(spec.runId), [...args, spec.runId, JSON.stringify(queuedEvent(spec))]),
      ]);
      return opened === 1 ? 'opened' : 'exists';
    });
  }

  read(runId: string, after: number, limit: number = LIMITS.relayReadBatchMax): Promise<LoggedEvent[]> {
    return guarded(async () => {
      const rows = await this.redis.xrange(this.keys.log(runId), `${after + 1}-0`, '+', 'COUNT', limit);
      return rows.map(([, fields]) => JSON.parse(fields[1] ?? 'null') as LoggedEvent);
    });
  }

  head(runId: string): Promise<RunHead | undefined> {
    return guarded(async () => {
      const row = await this.redis.hmget(this.keys.meta(runId), 'seq', 'att', 'term', 'cancel', 'owner', 'ch');
      return toHead(row, this.keys.live(''));
    });
  }

  claim(runId: string, attempt: number, worker: string): Promise<Claim> {
    return guarded(async () => toClaim(await runScript(this.redis, CLAIM, [this.keys.meta(runId)], [attempt, worker])));
  }

  append(batches: readonly AppendBatch[]): Promise<AppendReply[]> {
    return guarded(async () => {
      const calls: ScriptCall[] = [];
      for (let i = 0; i < batches.length; i += RUNS_PER_CALL_MAX) {
        const some = batches.slice(i, i + RUNS_PER_CALL_MAX);
        const keys = some.flatMap((batch) => this.pair(batch.runId));
        calls.push([APPEND, keys, [LIMITS.runLogBytesMax, ...some.flatMap(appendArguments)]]);
      }
      return (await runScripts(this.redis, calls)).flatMap(toAppendReplies);
    });
  }

  end(runId: string, event: TerminalEvent): Promise<boolean> {
    return guarded(async () => {
      const code = await runScript(this.redis, END, this.pair(runId), [afterSeq(event), runId]);
      return code === CODES.done;
    });
  }

  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome> {
    return guarded(async () => {
      const args = [afterSeq({ type: 'run.cancelled', reason }), runId, reason, this.keys.control('')];
      return toCancelOutcome(await runScript(this.redis, CANCEL, this.pair(runId), args));
    });
  }

  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>> {
    return guarded(async () => {
      const pipeline = this.redis.pipeline();
      for (const runId of runIds) pipeline.hget(this.keys.meta(runId), 'cancel');
      const flags = ((await pipeline.exec()) ?? []).map(([error, flag]) => {
        if (error) throw error;
        return flag as CancelReason | null;
      });
      return new Map(runIds.flatMap((runId, i) => (flags[i] ? [[runId, flags[i]]] : [])));
    });
  }

  confirmPersisted(runIds: readonly string[]): Promise<void> {
    return guarded(async () => {
      if (runIds.length === 0) return;
      const pipeline = this.redis.pipeline();
      for (const key of runIds.flatMap((runId) => this.pair(runId))) pipeline.expire(key, LIMITS.runLogTtlSeconds);
      // Out of the index last: whatever fails before is done again by the reconciler.
      pipeline.zrem(this.keys.unconfirmed, ...runIds);
      const failed = (await pipeline.exec())?.find(([error]) => error);
      if (failed?.[0]) throw failed[0];
    });
  }

  unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]> {
    return guarded(async () => {
      const { redis, keys } = this;
      if (after === undefined) return redis.zrangebyscore(keys.unconfirmed, '-inf', openedBefore, 'LIMIT', 0, limit);
      const rank = await redis.zrank(keys.unconfirmed, after);
      if (rank === null) return [];
      const rows = await redis.zrange(keys.unconfirmed, String(rank + 1), String(rank + limit), 'WITHSCORES');
      return rows.filter((_, i) => i % 2 === 0 && Number(rows[i + 1]) <= openedBefore);
    });
  }

  private pair(runId: string): string[] {
    return [this.keys.log(runId), this.keys.meta(runId)];
  }
}

/** One call keeps Redis busy for some 15 microseconds per run; nobody else is served meanwhile. */
const RUNS_PER_CALL_MAX = 64;

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : unavailable(cause);
  }
}

/** The JSON of an event without its opening brace and seq, which the script puts in front. */
function afterSeq(event: TerminalEvent): string {
  return JSON.stringify({ at: Date.now(), ...event }).slice(1);
}

function appendArguments({ attempt, terminal, firstSeq, runId, events }: AppendBatch): (string | number)[] {
  return [attempt, terminal ? 1 : 0, firstSeq, events.length, runId, ...events];
}

function toHead(row: readonly (string | null)[], liveChannelStart: string): RunHead | undefined {
  const [seq, attempt, ended, cancel, owner, channel] = row;
  if (!seq) return undefined;
  return {
    owner: owner ?? '',
    instance: (channel ?? '').slice(liveChannelStart.length),
    lastSeq: Number(seq),
    attempt: Number(attempt ?? 0),
    ended: ended === '1',
    cancelRequested: Boolean(cancel),
  };
}

function toClaim(reply: unknown): Claim {
  const [code, lastSeq, cancel, spec] = reply as [number, number, CancelReason | '', string];
  if (code === CODES.unknown) return { kind: 'unknown' };
  if (code === CODES.ended) return { kind: 'ended' };
  if (code === CODES.fenced) return { kind: 'fenced' };
  const parsed: RunSpec = parseRunSpec(spec);
  return { kind: 'claimed', lastSeq, spec: parsed, ...(cancel && { cancel }) };
}

const REFUSALS = {
  [CODES.fenced]: 'fenced',
  [CODES.ended]: 'ended',
  [CODES.full]: 'full',
  [CODES.unknown]: 'lost',
} as const;

type AppendRow = [code: number, lastSeq: number, cancel: CancelReason | ''];

function toAppendReplies(rows: unknown): AppendReply[] {
  if (rows instanceof Error) throw rows;
  return (rows as AppendRow[]).map(toAppendReply);
}

function toAppendReply([code, lastSeq, cancel]: AppendRow): AppendReply {
  if (code === CODES.gap) return { kind: 'gap', lastSeq };
  if (code < 0) return { kind: REFUSALS[code as keyof typeof REFUSALS] };
  return { kind: 'ok', lastSeq, ...(cancel && { cancel }) };
}

function toCancelOutcome(code: unknown): CancelOutcome {
  switch (code) {
    case CODES.done:
      return 'requested';
    case CODES.cancelledHere:
      return 'cancelled';
    case CODES.ended:
      return 'ended';
    default:
      return 'unknown';
  }
}
