/** One run of a part takes at least this long; a shorter one is repeated within it. */
const SAMPLE_MS = 50;
const SAMPLES = 7;

/** Milliseconds that a piece of work takes: the least of some samples, because neighbours only ever add to it. */
export function msOf(work: () => unknown): number {
  work();
  return Math.min(...Array.from({ length: SAMPLES }, () => sample(work)));
}

function sample(work: () => unknown): number {
  const from = performance.now();
  let times = 0;
  let now = from;
  for (; now - from < SAMPLE_MS; now = performance.now()) {
    work();
    times++;
  }
  return (now - from) / times;
}
