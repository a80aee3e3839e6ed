import { setTimeout as sleep } from 'node:timers/promises';

export interface ReadyWait {
  /** Answers 200 when ready. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** Called every `slowMs` (default 15 s) with what was last seen: what is missing, or that nobody answers. */
  readonly onSlow: (seconds: number, last: string) => void;
  readonly slowMs?: number;
}

/** Waits as long as it takes for a URL to answer 200. Throws the signal's reason after an abort. */
export async function waitReady({ url, signal, onSlow, slowMs = SLOW_MS }: ReadyWait): Promise<void> {
  const start = Date.now();
  let told = 0;
  for (;;) {
    const last = await ask(url, signal);
    if (last === 'ready') return;
    const slow = Math.floor((Date.now() - start) / slowMs);
    if (slow > told) onSlow((slow * slowMs) / 1_000, last);
    told = slow;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** What a readiness check says is missing: `models: Upstream 'openai' ... ECONNREFUSED`. */
async function reasonIn(response: Response): Promise<string | undefined> {
  const body = (await response.json().catch(() => undefined)) as { readonly error?: Record<string, Check> } | undefined;
  const reasons = Object.entries(body?.error ?? {}).map(([name, { message }]) =>
    message === undefined ? name : `${name}: ${message}`,
  );
  return reasons.length === 0 ? undefined : reasons.join('; ').slice(0, REASON_CHARS_MAX);
}

interface Check {
  readonly message?: string;
}

const REASON_CHARS_MAX = 500;
const PAUSE_MS = 100;
const ANSWER_MS_MAX = 3_000;
const SLOW_MS = 15_000;

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]) });
    if (response.status === 200) {
      await response.body?.cancel();
      return 'ready';
    }
    return (await reasonIn(response)) ?? `status ${response.status}`;
  } catch {
    signal.throwIfAborted();
    return 'no answer';
  }
}
