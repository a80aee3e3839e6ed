import type { RunSummary } from '#libs/wire';

/** How the runs of this key went in the last minutes. */
export interface Pace {
  readonly tokensPerSecond: number;
  /** The middle of all times to the first word, in ms; undefined: no run told one. */
  readonly firstTokenMs: number | undefined;
  readonly ended: number;
  readonly failed: number;
}

export const PACE_SECONDS = 300;

/** @param now in seconds since the epoch. */
export function paceOf(runs: readonly RunSummary[], now: number): Pace {
  const ended = runs.filter(({ ended_at }) => ended_at !== null && ended_at > now - PACE_SECONDS);
  const tokens = ended.reduce((sum, { usage }) => sum + (usage?.output_tokens ?? 0), 0);
  const times = ended.flatMap(({ latency }) => latency?.first_token_ms ?? []).sort((a, b) => a - b);
  return {
    tokensPerSecond: Math.round((tokens / PACE_SECONDS) * 10) / 10,
    firstTokenMs: times[Math.floor(times.length / 2)],
    ended: ended.length,
    failed: ended.filter(({ status }) => status === 'failed').length,
  };
}
