import { createHash, randomBytes } from 'node:crypto';

/** A place in a trace, as W3C Trace Context names it. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

const ZEROS = /^0+$/;

/**
 * Reads a `traceparent` header; undefined for one that is absent or malformed, which begins a trace of its own. Later
 * versions than 00 may have more behind the flags (Trace Context, 3.2).
 */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  const match =
    typeof header === 'string'
      ? /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header)
      : null;
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & 1) === 1 };
}

export const traceparentOf = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

export const newTraceId = (): string => randomBytes(16).toString('hex');
export const newSpanId = (): string => randomBytes(8).toString('hex');

/**
 * The trace of a run that no traced request began: each occurrence of a cron job, each answer in a chat. Every process
 * makes the same of the run's id, so nothing has to carry it.
 */
export function derivedIds(runId: string): Pick<TraceContext, 'traceId' | 'spanId'> {
  const digest = createHash('sha256').update(`trace of ${runId}`).digest('hex');
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}
