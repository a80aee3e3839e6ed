import { LIMITS } from '../limits.js';

/** Whose cost a bound counts: the run's own, that of all runs of its session, or that of all runs of its job. */
export type SpendScope = 'run' | 'session' | 'job';

/** Most that runs may cost, in the currency of the price table. Absent: no bound. */
export type SpendLimits = { readonly [S in SpendScope]?: number };

/** The names of these bounds on the wire. */
export const SPEND_FIELDS: Readonly<Record<SpendScope, string>> = {
  run: 'max_cost',
  session: 'session_max_cost',
  job: 'job_max_cost',
};

/** A bound that lets the run go no further, and what the run itself has cost so far. */
export interface SpendLimit {
  readonly scope: SpendScope;
  readonly maxCost: number;
  readonly cost: number;
}

/** Whether a value may bound a cost: a number from 0 to `LIMITS.maxCostMax`. */
export const isMaxCost = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LIMITS.maxCostMax;

const NANOS = 1_000_000_000;

/** Whole billionths of the currency. Amounts up to `LIMITS.maxCostMax` stay exact integers. */
export const toNanos = (cost: number): number => Math.round(cost * NANOS);

export const fromNanos = (nanos: number): number => nanos / NANOS;
