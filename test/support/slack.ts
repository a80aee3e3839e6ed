/**
 * How much longer than its bound a thing may take in a test. CI machines are shared and busy; what a bound is worth on
 * a quiet machine is measured by `npm run chaos` and `npm run bench`, or here with TEST_SLACK=1.
 */
const SLACK = Number(process.env['TEST_SLACK'] ?? 4);

/** A bound on the clock, with its slack. @param ms what it is on a quiet machine. */
export const withSlack = (ms: number): number => ms * SLACK;
