import type { ServiceReport } from '#libs/wire';
import type { Pace } from './pace.js';

/** What the charts show, at one moment. `at` is milliseconds since the epoch. */
export interface Sample {
  readonly at: number;
  readonly waiting: number;
  readonly oldestWait: number;
  readonly active: number;
  readonly inFlight: number;
  readonly listeners: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly failed: number;
}

const NAME = 'talaria.samples';
const NOTHING = { tokensPerSecond: 0, firstTokenMs: 0, failed: 0 };
const HOUR_MS = 3_600_000;
const SAMPLES_MAX = 720;

/** The samples of the last hour that this tab has seen; a reload keeps them. */
export function readSamples(now: number): readonly Sample[] {
  try {
    const samples = JSON.parse(sessionStorage.getItem(NAME) ?? '[]') as Sample[];
    // Samples of an older page may know less.
    return samples.map((sample) => ({ ...NOTHING, ...sample })).filter(({ at }) => at > now - HOUR_MS);
  } catch {
    return [];
  }
}

/** What is seen at one moment. */
export interface Seen {
  readonly report: ServiceReport;
  readonly pace: Pace;
}

export function addSample(samples: readonly Sample[], { report, pace }: Seen, now: number): readonly Sample[] {
  const queue = report.queues['runs'];
  const sample = {
    at: now,
    waiting: waitingIn(report),
    oldestWait: queue?.oldest_wait_seconds ?? 0,
    active: report.workers.reduce((sum, { active }) => sum + (active ?? 0), 0),
    inFlight: report.in_flight,
    listeners: report.listeners,
    tokensPerSecond: pace.tokensPerSecond,
    firstTokenMs: pace.firstTokenMs ?? 0,
    failed: pace.failed,
  };
  const next = [...samples, sample].filter(({ at }) => at > now - HOUR_MS).slice(-SAMPLES_MAX);
  sessionStorage.setItem(NAME, JSON.stringify(next));
  return next;
}

/** Runs that no worker has taken up. */
export const waitingIn = ({ queues }: ServiceReport): number =>
  (queues['runs']?.waiting ?? 0) + (queues['runs']?.prioritized ?? 0);
