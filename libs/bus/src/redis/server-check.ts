import { GatewayError, redisFactsOf, redisRefusals, redisWarnings } from '#libs/contract';
import type { Redis } from 'ioredis';

export interface ServerCheck {
  /** Rejects with GatewayError `queue_unavailable`, naming the reason, while the server's settings could lose runs. */
  assertFit(): Promise<void>;
  /** Told at every look whether the server may be used, and at once if that is known. */
  onFitness(listener: (isFit: boolean) => void): void;
  close(): void;
}

/** An operator can repair a server without a reconnect, and whoever waits for that wants to know soon. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Checks the server after every connect, because another server may have taken its place. While the server is refused
 * it is looked at every second, and by each `assertFit`. A server that does not allow INFO is accepted.
 * @param news.onUnfit told once of every reason to refuse the server, `onRisk` once of every risk of a usable server.
 */
export function checkServer(
  redis: Redis,
  news: { onUnfit(why: string): void; onRisk(warning: string): void },
): ServerCheck {
  let unfit: string | undefined;
  let isKnown = false;
  let again: NodeJS.Timeout | undefined;
  const told = new Set<string>();
  const listeners: ((isFit: boolean) => void)[] = [];
  const judge = (info: string | undefined): void => {
    const facts = info === undefined ? undefined : redisFactsOf(info);
    const why = facts && (redisRefusals(facts).join(' ') || undefined);
    if (why !== undefined && why !== unfit) news.onUnfit(why);
    unfit = why;
    isKnown = true;
    for (const risk of facts ? redisWarnings(facts).filter((warning) => !told.has(warning)) : []) {
      told.add(risk);
      news.onRisk(risk);
    }
    for (const listener of listeners) listener(unfit === undefined);
  };
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    clearTimeout(again);
    try {
      judge(await redis.info());
    } catch {
      // Away: the next connect looks. Forbidden: nothing can be held against it.
      if (redis.status === 'ready') judge(undefined);
    }
    clearTimeout(again);
    if (unfit !== undefined) again = setTimeout(() => void lookOnce(), LOOK_AGAIN_MS).unref();
  };
  const lookOnce = (): Promise<void> => (looking ??= look().finally(() => (looking = undefined)));
  redis.on('ready', () => void lookOnce());
  return {
    async assertFit() {
      // A connection that has just come up is being looked at.
      await (unfit === undefined ? looking : lookOnce());
      if (unfit !== undefined) throw new GatewayError('queue_unavailable', unfit);
    },
    onFitness(listener) {
      listeners.push(listener);
      if (isKnown) listener(unfit === undefined);
    },
    close: () => clearTimeout(again),
  };
}
