import { GatewayError, redisFactsOf, redisRefusals } from '#libs/contract';
import type { Redis } from 'ioredis';

export interface ServerCheck {
  /** Rejects with GatewayError `queue_unavailable` and the reason while the server is one that would lose runs. */
  assertFit(): Promise<void>;
}

/**
 * Looks at the server after every connect: another one may have taken its place. While it is refused each `assertFit`
 * looks again, because an operator can mend its settings under a connection. A server that may not be asked (an ACL
 * without INFO) is taken.
 * @param onUnfit told once of every reason.
 */
export function checkServer(redis: Redis, onUnfit: (why: string) => void): ServerCheck {
  let unfit: string | undefined;
  const look = async (): Promise<void> => {
    const info = await redis.info().catch(() => undefined);
    if (info === undefined) return;
    const why = redisRefusals(redisFactsOf(info)).join(' ') || undefined;
    if (why !== undefined && why !== unfit) onUnfit(why);
    unfit = why;
  };
  redis.on('ready', () => void look());
  return {
    async assertFit() {
      if (unfit !== undefined) await look();
      if (unfit !== undefined) throw new GatewayError('queue_unavailable', unfit);
    },
  };
}
