import { performance } from 'node:perf_hooks';

/**
 * Share of time in which the event loop is busy, or waits for a core. Above the first bound the gap grows; below the
 * second it shrinks.
 */
const BUSY_SHARE = 0.85;
const FREE_SHARE = 0.7;
const LOOK_EVERY_MS = 200;
const STEP_MS = 5;
/** At 50 tokens per second, two to three tokens of an answer then become one event. */
const GAP_MS_MAX = 50;

export interface LoadMeter {
  /** Milliseconds since some fixed moment, and how many of them the event loop was busy. */
  look(): { readonly elapsed: number; readonly busy: number };
}

const EVENT_LOOP: LoadMeter = {
  look() {
    const { idle, active } = performance.eventLoopUtilization();
    return { elapsed: idle + active, busy: active };
  },
};

/**
 * How long, in milliseconds, the deltas of one answer may wait for each other: 0, unless this process is overloaded. A
 * delta costs the same whether it holds one token or three. In an overloaded process every token waits, and first
 * tokens wait longest, so the gap grows until there is spare time again (docs/adr/0002). Call this at every flush.
 */
export function overloadGap(meter: LoadMeter = EVENT_LOOP): () => number {
  let before = meter.look();
  let gap = 0;
  return () => {
    const now = meter.look();
    const elapsed = now.elapsed - before.elapsed;
    if (elapsed < LOOK_EVERY_MS) return gap;
    const share = (now.busy - before.busy) / elapsed;
    before = now;
    if (share > BUSY_SHARE) gap = Math.min(gap + STEP_MS, GAP_MS_MAX);
    // While nothing is flushed nobody asks for the gap, so the missed steps are made up here.
    else if (share < FREE_SHARE) gap = Math.max(0, gap - STEP_MS * Math.floor(elapsed / LOOK_EVERY_MS));
    return gap;
  };
}
