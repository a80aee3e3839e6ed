import { LIMITS, type SpendLedger } from '#libs/contract';
import { hash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { CLOSE_SPEND, RESERVE_SPEND, SETTLE_SPEND } from '../scripts/spend-scripts.js';

const { spendFundSeconds: ttl, spendFundRunsMax: runsMax } = LIMITS;

/**
 * The ledger on Redis: one hash per fund.
 * @param reservedMs how long a reservation counts that nobody settles.
 */
export function redisSpendLedger(
  { redis, keys }: RedisConnection,
  reservedMs = LIMITS.spendReservedSeconds * 1_000,
): SpendLedger {
  const keyOf = (fund: string): string => keys.spend(hash('sha256', fund, 'hex'));
  return {
    async reserve(fund, runId, { spent, min, want, limit }) {
      const args = [runId, spent, ttl, runsMax, min, want, limit, reservedMs];
      const granted = Number(await withinDeadline(runScript(redis, RESERVE_SPEND, [keyOf(fund)], args)));
      return granted < 0 ? undefined : granted;
    },
    async settle(fund, runId, spent) {
      await withinDeadline(runScript(redis, SETTLE_SPEND, [keyOf(fund)], [runId, spent, ttl, runsMax]));
    },
    async close(fund, runId) {
      await withinDeadline(runScript(redis, CLOSE_SPEND, [keyOf(fund)], [runId, ttl]));
    },
  };
}
