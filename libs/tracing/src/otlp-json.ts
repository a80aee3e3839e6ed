import type { Attributes, AttributeValue, Span } from './span.js';
import { SPAN_KIND } from './span.js';

/** Protobuf's JSON mapping, as OTLP/HTTP takes it (opentelemetry-proto, `ExportTraceServiceRequest`). */
export function exportRequest(resource: Attributes, version: string, spans: readonly Span[]): string {
  const scope = { name: 'talaria', version };
  const scopeSpans = [{ scope, spans: spans.map(spanObject) }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans }] });
}

const ERROR_STATUS = 2;

function spanObject({ name, kind, context, parentSpanId, startMs, endMs, attributes, error }: Span): object {
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: SPAN_KIND[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)),
    attributes: attributesOf(attributes),
    ...(error !== undefined && { status: { code: ERROR_STATUS, message: error } }),
  };
}

/** A 64-bit number is a string in that mapping; it has more digits than a JavaScript number can hold. */
const nanoseconds = (ms: number): string => (BigInt(Math.round(ms * 1_000)) * 1_000n).toString();

function attributesOf(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: wire(value) }],
  );
}

function wire(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value !== 'number') return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
