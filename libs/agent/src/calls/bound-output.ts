import { LIMITS } from '#libs/contract';

/** Room for the marker, so that output and marker together stay within the limit. */
const MARKER_BYTES_MAX = 100;

/**
 * A tool's output, unchanged if it has at most LIMITS.toolOutputBytesMax bytes of UTF-8. A longer output is cut, and a
 * marker tells the model how many characters were left out.
 */
export function boundOutput(output: string): string {
  const bytesMax = LIMITS.toolOutputBytesMax;
  // A UTF-16 unit takes at most three bytes of UTF-8.
  if (output.length * 3 <= bytesMax) return output;
  const room = new Uint8Array(bytesMax);
  if (new TextEncoder().encodeInto(output, room).read === output.length) return output;
  const { read } = new TextEncoder().encodeInto(output, room.subarray(MARKER_BYTES_MAX));
  return `${output.slice(0, read)}\n[Output cut: ${output.length - read} more characters were left out.]`;
}
