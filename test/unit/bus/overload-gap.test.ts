import { overloadGap } from '#libs/bus';

/** A meter that tells of windows of so many milliseconds and so large a busy share. */
function meterOf() {
  let elapsed = 0;
  let busy = 0;
  return {
    look: () => ({ elapsed, busy }),
    pass(ms: number, share: number): void {
      elapsed += ms;
      busy += ms * share;
    },
  };
}

describe('the gap between the deltas of an overloaded process', () => {
  const gapAfter = (...windows: readonly (readonly [ms: number, share: number])[]): number => {
    const meter = meterOf();
    const gap = overloadGap(meter);
    for (const [ms, share] of windows) {
      meter.pass(ms, share);
      gap();
    }
    return gap();
  };
  const busy = (times: number) => Array.from({ length: times }, () => [200, 0.95] as const);

  test('is none while there is time left', () => {
    expect(gapAfter([200, 0.1], [200, 0.8], [10_000, 0.84])).toBe(0);
  });

  test('grows by a step per look while there is none, up to its limit', () => {
    expect(gapAfter(...busy(1))).toBe(5);
    expect(gapAfter(...busy(3))).toBe(15);
    expect(gapAfter(...busy(30))).toBe(50);
  });

  test('stays where it is enough, and shrinks when there is time again', () => {
    expect(gapAfter(...busy(4), [200, 0.8], [200, 0.75])).toBe(20);
    expect(gapAfter(...busy(4), [200, 0.5])).toBe(15);
    expect(gapAfter(...busy(4), [1_000, 0.1])).toBe(0);
  });

  test('is looked at now and then, not at every flush', () => {
    expect(gapAfter([150, 1])).toBe(0);
    expect(gapAfter([150, 1], [60, 1])).toBe(5);
  });
});
