/** A call keeps Redis busy for some 15 microseconds per run or event, and Redis serves no other client meanwhile. */
const RUNS_PER_CALL_MAX = 64;
const EVENTS_PER_CALL_MAX = 1_024;

/** Splits work on many runs into calls. A run with more events than a call may have gets its own call. */
export function perCall<T>(runs: readonly T[], eventsOf: (run: T) => number): T[][] {
  const calls: T[][] = [];
  let events = Infinity;
  for (const run of runs) {
    events += eventsOf(run);
    const call = calls.at(-1);
    if (call && call.length < RUNS_PER_CALL_MAX && events <= EVENTS_PER_CALL_MAX) {
      call.push(run);
    } else {
      calls.push([run]);
      events = eventsOf(run);
    }
  }
  return calls;
}
