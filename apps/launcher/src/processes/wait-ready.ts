import { setTimeout as sleep } from 'node:timers/promises';

export interface ReadyWait {
  /** Answers 200 when ready. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** Called every `SLOW_MS` with what was last seen. */
  readonly onSlow: (seconds: number, last: string) => void;
}

/** Waits as long as it takes for a URL to answer 200. Throws the signal's reason after an abort. */
export async function waitReady({ url, signal, onSlow }: ReadyWait): Promise<void> {
  const start = Date.now();
  let told = 0;
  for (;;) {
    const last = await ask(url, signal);
    if (last === 'ready') return;
    const slow = Math.floor((Date.now() - start) / SLOW_MS);
    if (slow > told) onSlow((slow * SLOW_MS) / 1_000, last);
    told = slow;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

const PAUSE_MS = 100;
const ANSWER_MS_MAX = 3_000;
const SLOW_MS = 15_000;

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]) });
    await response.body?.cancel();
    return response.status === 200 ? 'ready' : `status ${response.status}`;
  } catch {
    signal.throwIfAborted();
    return 'no answer';
  }
}
