/**
 * Microseconds on the machine's monotonic clock. Every process of one machine reads the same one, so a stamp that the
 * upstream puts into a token can be subtracted by the client: no skew, no clock adjustments.
 */
const offsetUs = calibrate();

/** The distance between the two clocks, from the pair of reads with the least time between them. */
function calibrate(): number {
  let best = { gap: Infinity, offset: 0 };
  for (let i = 0; i < 1_000; i++) {
    const before = performance.now();
    const monotonic = Number(process.hrtime.bigint()) / 1_000;
    const after = performance.now();
    const gap = after - before;
    if (gap < best.gap) best = { gap, offset: monotonic - ((before + after) / 2) * 1_000 };
  }
  return best.offset;
}

export const nowUs = (): number => offsetUs + performance.now() * 1_000;

/** The text of token `index`: a stamp made right before it is written, and its place in the answer. */
export const stampedToken = (index: number): string => `@${Math.round(nowUs())}:${index} `;

/** The answer that a model name asks for: `bench-64-20` is 64 tokens, 20 ms apart; 0 ms: as fast as the socket. */
export interface Pace {
  readonly tokens: number;
  readonly gapMs: number;
}

export const modelOf = ({ tokens, gapMs }: Pace): string => `bench-${tokens}-${gapMs}`;

export function paceOf(model: string): Pace {
  const [, tokens = '64', gapMs = '10'] = model.split('-');
  return { tokens: Number(tokens), gapMs: Number(gapMs) };
}
