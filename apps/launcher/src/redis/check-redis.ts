import { redisRefusals, redisWarnings, type RedisFacts } from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from '../launch-error.js';
import { probeRedis } from './probe-redis.js';

export interface RedisWait {
  readonly url: string;
  /** How long it may be away. Time in which it loads its data does not count. */
  readonly awayMsMax: number;
  readonly signal: AbortSignal;
  /** Called once, when the server turns out to be loading. */
  readonly onLoading: () => void;
}

/** Waits until Redis answers. Throws LaunchError when it stays away, and the signal's reason after an abort. */
export async function waitForRedis({ url, awayMsMax, signal, onLoading }: RedisWait): Promise<RedisFacts> {
  let awaySince = Date.now();
  let loadingSeen = false;
  for (;;) {
    const probe = await probeRedis(url);
    if (probe.kind === 'up') return probe.facts;
    if (probe.kind === 'loading') {
      if (!loadingSeen) onLoading();
      loadingSeen = true;
      awaySince = Date.now();
    } else if (Date.now() - awaySince >= awayMsMax) {
      throw new LaunchError(`No Redis answers at ${withoutSecrets(url)} (${probe.why}).`);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Warnings about a usable server. Throws LaunchError for a server that would lose runs. */
export function checkRedis(facts: RedisFacts): readonly string[] {
  const refusals = redisRefusals(facts);
  if (refusals.length > 0) throw new LaunchError(refusals.join('\n'));
  return redisWarnings(facts);
}

/** The address without user and password, for messages. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

const PAUSE_MS = 100;
