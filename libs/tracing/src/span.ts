import type { TraceContext } from './context.js';

/** OTLP's numbers. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** A span that is over. */
export interface Span {
  readonly name: string;
  readonly kind: keyof typeof SPAN_KIND;
  readonly context: TraceContext;
  readonly parentSpanId?: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** What went wrong, as a short word; absent: nothing did. */
  readonly error?: string;
}
