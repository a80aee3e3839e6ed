import { GatewayError, redisFactsOf, redisRefusals, redisWarnings } from '#libs/contract';
import type { Redis } from 'ioredis';

export interface ServerCheck {
  /** Rejects with GatewayError `queue_unavailable`, naming the reason, while the server's settings could lose runs. */
  assertFit(): Promise<void>;
}

/**
 * Checks the server after every connect, because another server may have taken its place. While the server is refused,
 * each `assertFit` checks again, because an operator can repair its settings without a reconnect. A server that does
 * not allow INFO is accepted.
 * @param news.onUnfit told once of every reason to refuse the server, `onRisk` once of every risk of a usable server.
 */
export function checkServer(
  redis: Redis,
  news: { onUnfit(why: string): void; onRisk(warning: string): void },
): ServerCheck {
  let unfit: string | undefined;
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    const info = await redis.info().catch(() => undefined);
    if (info === undefined) return;
    const facts = redisFactsOf(info);
    const why = redisRefusals(facts).join(' ') || undefined;
    if (why !== undefined && why !== unfit) news.onUnfit(why);
    unfit = why;
    for (const risk of redisWarnings(facts).filter((warning) => !told.has(warning))) {
      told.add(risk);
      news.onRisk(risk);
    }
  };
  redis.on('ready', () => void look());
  return {
    async assertFit() {
      if (unfit !== undefined) await look();
      if (unfit !== undefined) throw new GatewayError('queue_unavailable', unfit);
    },
  };
}
