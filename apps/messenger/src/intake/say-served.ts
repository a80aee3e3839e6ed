import { LIMITS, type ChatDesk } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { rest } from '../state/bell.js';

/**
 * Says which platforms this process looks after, until the signal: the API then takes jobs that deliver there, and
 * knows at once when nobody would post a result. Never rejects.
 */
export async function sayServed(
  desk: Pick<ChatDesk, 'serve'>,
  platforms: readonly string[],
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await desk.serve(platforms).catch((cause: unknown) => {
      logger.warn({ err: cause, platforms }, 'the platforms of this messenger could not be noted');
    });
    await rest(LIMITS.chatServedMs / SAID_TIMES, signal);
  }
}

/** Twice in vain is no absence yet. */
const SAID_TIMES = 3;
