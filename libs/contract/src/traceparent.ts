/** Reads the trace that the work at hand belongs to; undefined: it is not traced. */
type Reader = () => string | undefined;

let reader: Reader = () => undefined;

/**
 * The `traceparent` (W3C Trace Context) of the work at hand, to be sent on with requests that it makes; undefined while
 * this process does not trace, which costs a function call.
 */
export const traceparentNow: Reader = () => reader();

/** Installed once, by a process that traces: what asks for the current trace need not know what traces are. */
export function readTraceparentFrom(next: Reader): void {
  reader = next;
}

/** The header to send on, or none. */
export function traceHeaders(): { readonly traceparent?: string } {
  const traceparent = reader();
  return traceparent === undefined ? {} : { traceparent };
}
