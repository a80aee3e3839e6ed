import type { Audit } from './audit.js';

/** One line of the fault table: a fault, and what has to be true after it. */
export interface Row {
  /** As in the fault table (docs/reliability.md). */
  readonly id: string;
  readonly what: string;
  /** @returns the figures of a pass. Rejects when the promise does not hold. */
  run(): Promise<string>;
}

/** Throws `what` unless it is so. */
export function must(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what);
}

/**
 * Throws unless the audit found nothing, and, when `ends` is given, every run ended like that. @returns its figures.
 */
export function mustBeWhole(found: Audit, ends?: string): string {
  const { problems, runs, deliveries, connects, lost, doubled, altered } = found;
  must(problems.length === 0, `${problems.length} problems: ${problems.slice(0, 3).join('; ')}`);
  if (ends !== undefined) {
    must(found.ends[ends] === runs, `not all of ${runs} runs ended with ${ends}: ${JSON.stringify(found.ends)}`);
  }
  const kinds = Object.entries(found.ends).map(([name, count]) => `${count} ${name.replace('run.', '')}`);
  return `${runs} runs (${kinds.join(', ')}), ${deliveries} deliveries over ${connects} connects, lost ${lost}, doubled ${doubled}, altered ${altered}`;
}

/** Median and maximum as text. */
export function spread(values: readonly number[], unit: string, digits = 1): string {
  if (values.length === 0) return 'none measured';
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return `median ${median.toFixed(digits)} ${unit}, max ${(sorted.at(-1) ?? 0).toFixed(digits)} ${unit}`;
}
