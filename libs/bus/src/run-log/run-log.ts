import {
  type AnswerOutcome,
  type AppendBatch,
  type AppendReply,
  type ApprovalDecision,
  type CancelOutcome,
  type CancelReason,
  type Claim,
  type ClaimTerms,
  type Controls,
  type JsonObject,
  LIMITS,
  type LoggedEvent,
  type OpenLogTerms,
  type OpenOutcome,
  type Parking,
  type ParkOutcome,
  parseRunSpec,
  type RunHead,
  type RunLog,
  type RunSpec,
  type TerminalEvent,
} from '#libs/contract';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { inTime, runScript, runScripts, withoutDeadline, type RedisConnection } from '../redis/connect-redis.js';
import type { RedisKeys } from '../keys.js';
import { perCall } from './per-call.js';
import { confirmRuns, openLog, removeRuns } from './log-life.js';
import {
  afterSeq,
  answerLine,
  appendCall,
  planAppend,
  TIMED_OUT_LINE,
  HEAD_FIELDS,
  toAnswerOutcome,
  toAppendReplies,
  toCancelOutcome,
  toClaim,
  toControls,
  toHead,
  toParkOutcome,
  toSteerOutcome,
  type AppendCallPlan,
} from './run-log-replies.js';
import { ANSWER, CANCEL, CLAIM, CODES, END, FORGIVE, MARK_DELETED, PARK, STEER } from '../scripts/run-scripts.js';

/**
 * The run log on Redis. There is one instance per connection, whose role decides how long a call may wait. An attempt
 * belongs to its instance: the same number in another instance is another attempt, and the later claim fences the
 * earlier one.
 */
export function redisRunLog(connection: RedisConnection): RunLog {
  return new RedisRunLog(connection);
}

class RedisRunLog implements RunLog {
  private readonly redis: Redis;
  private readonly keys: RedisKeys;
  private readonly word = randomBytes(4).toString('hex');

  constructor(private readonly connection: RedisConnection) {
    this.redis = connection.redis;
    this.keys = connection.keys;
  }

  open(spec: RunSpec, terms: OpenLogTerms = {}): Promise<OpenOutcome> {
    return this.inTime(() => openLog(this.connection, spec, terms));
  }

  read(runId: string, after: number, limit: number = LIMITS.relayReadBatchMax): Promise<LoggedEvent[]> {
    return this.inTime(async () => {
      const rows = await this.redis.xrange(this.keys.log(runId), `${after + 1}-0`, '+', 'COUNT', limit);
      return rows.map(([, fields]) => JSON.parse(fields[1] ?? 'null') as LoggedEvent);
    });
  }

  head(runId: string): Promise<RunHead | undefined> {
    return this.inTime(async () => {
      return toHead(await this.redis.hmget(this.keys.meta(runId), ...HEAD_FIELDS), this.keys.live(''));
    });
  }

  spec(runId: string): Promise<RunSpec | undefined> {
    return this.inTime(async () => {
      const text = await this.redis.hget(this.keys.meta(runId), 'spec');
      return text === null ? undefined : parseRunSpec(text);
    });
  }

  claim(runId: string, attempt: number, worker: string, { generation = 0, start }: ClaimTerms = {}): Promise<Claim> {
    return this.inTime(async () => {
      const begin = start ? afterSeq(start) : '';
      const args = [this.writer(attempt), worker, generation, runId, begin];
      const reply = runScript(this.redis, CLAIM, this.pair(runId), args);
      // A client waits for the first token, and under load an event-loop turn takes milliseconds.
      this.connection.sendNow();
      return toClaim(await reply, begin);
    });
  }

  park({ runId, attempt, event, deadline, generation, approvalIds }: Parking): Promise<ParkOutcome> {
    return this.inTime(async () => {
      const args = [
        this.writer(attempt),
        afterSeq(event),
        runId,
        deadline,
        generation,
        approvalIds.length,
        ...approvalIds,
      ];
      return toParkOutcome(await runScript(this.redis, PARK, this.pair(runId), args));
    });
  }

  answer(runId: string, id: string, decision: ApprovalDecision, content?: JsonObject): Promise<AnswerOutcome> {
    return this.settle(runId, [id, answerLine(decision, content)]);
  }

  timeOut(runId: string, id: string): Promise<AnswerOutcome> {
    return this.settle(runId, [id, TIMED_OUT_LINE]);
  }

  private settle(runId: string, args: readonly string[]): Promise<AnswerOutcome> {
    return this.inTime(async () => toAnswerOutcome(await runScript(this.redis, ANSWER, [this.keys.meta(runId)], args)));
  }

  steer(runId: string, text: string): Promise<'recorded' | 'refused' | 'ended' | 'unknown'> {
    return this.inTime(async () => {
      const args = [JSON.stringify(text), LIMITS.steersPerRunMax];
      return toSteerOutcome(await runScript(this.redis, STEER, [this.keys.meta(runId)], args));
    });
  }

  controls(runId: string): Promise<Controls> {
    return this.inTime(async () => {
      const [cancel, answers, steers] = await this.redis.hmget(this.keys.meta(runId), 'cancel', 'answers', 'steers');
      return toControls(cancel ?? null, answers ?? null, steers ?? null);
    });
  }

  forgive(runId: string, attempt: number): Promise<void> {
    return this.inTime(
      async () => void (await runScript(this.redis, FORGIVE, [this.keys.meta(runId)], [this.writer(attempt)])),
    );
  }

  append(batches: readonly AppendBatch[]): Promise<AppendReply[]> {
    return this.inTime(async () => {
      const orders = perCall(batches, ({ events }) => events.length).map(planAppend);
      const { log, meta, live } = this.keys;
      const names = {
        keysOf: (runId: string) => [log(runId), meta(runId)],
        channelOf: live,
        writerOf: (attempt: number) => this.writer(attempt),
      };
      const calls = orders.map((order) => appendCall(order, names));
      const replies = runScripts(this.redis, calls);
      // Writers call at the end of a turn. Events that are held back to the end of the next turn would wait for all its
      // work.
      this.connection.sendNow();
      return (await replies).flatMap((reply, i) => toAppendReplies(reply, orders[i] as AppendCallPlan));
    });
  }

  end(runId: string, event: TerminalEvent): Promise<boolean> {
    return this.inTime(async () => {
      const code = await runScript(this.redis, END, this.pair(runId), [afterSeq(event), runId]);
      return code === CODES.done;
    });
  }

  requestCancel(runId: string, reason: CancelReason): Promise<CancelOutcome> {
    return this.inTime(async () => {
      const args = [afterSeq({ type: 'run.cancelled', reason }), runId, reason, this.keys.control('')];
      return toCancelOutcome(await runScript(this.redis, CANCEL, this.pair(runId), args));
    });
  }

  cancelRequests(runIds: readonly string[]): Promise<Map<string, CancelReason>> {
    return this.inTime(async () => {
      const pipeline = this.redis.pipeline();
      for (const runId of runIds) pipeline.hget(this.keys.meta(runId), 'cancel');
      const flags = ((await pipeline.exec()) ?? []).map(([error, flag]) => {
        if (error) throw error;
        return flag as CancelReason | null;
      });
      return new Map(runIds.flatMap((runId, i) => (flags[i] ? [[runId, flags[i]]] : [])));
    });
  }

  followersElsewhere(runId: string): Promise<number> {
    return this.inTime(async () => {
      const [, count] = await this.redis.pubsub('NUMSUB', this.keys.log(runId));
      return Number(count);
    });
  }

  markDeleted(runId: string): Promise<void> {
    return this.inTime(async () => void (await runScript(this.redis, MARK_DELETED, [this.keys.meta(runId)], [])));
  }

  confirmPersisted(runIds: readonly string[]): Promise<void> {
    return withoutDeadline(confirmRuns(this.connection, runIds));
  }

  remove(runIds: readonly string[]): Promise<void> {
    return withoutDeadline(removeRuns(this.connection, runIds));
  }

  unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]> {
    return this.inTime(async () => {
      const { redis, keys } = this;
      if (after === undefined) return redis.zrangebyscore(keys.unconfirmed, '-inf', openedBefore, 'LIMIT', 0, limit);
      const rank = await redis.zrank(keys.unconfirmed, after);
      if (rank === null) return [];
      const rows = await redis.zrange(keys.unconfirmed, String(rank + 1), String(rank + limit), 'WITHSCORES');
      return rows.filter((_, i) => i % 2 === 0 && Number(rows[i + 1]) <= openedBefore);
    });
  }

  /** Sets a deadline on a connection of the role `api`, where a client waits. */
  private inTime<T>(work: () => Promise<T>): Promise<T> {
    return inTime(this.connection, work());
  }

  private writer(attempt: number): string {
    return `${attempt}:${this.word}`;
  }

  private pair(runId: string): string[] {
    return [this.keys.log(runId), this.keys.meta(runId)];
  }
}
