import { LIMITS, type RunSnapshot } from '#libs/contract';

export interface BoundImages {
  readonly images: readonly string[];
  /** Tells the model how many images were left out. Absent when it sees all of them. */
  readonly note?: string;
}

/** The first images of a result (data URLs) that fit LIMITS.toolImagesBytesMax and the run's remaining room. */
export function boundImages(images: readonly string[], roomBytes: number): BoundImages {
  let room = Math.min(LIMITS.toolImagesBytesMax, roomBytes);
  const shown = images.filter((url) => {
    // Base64: a character is a byte.
    if (url.length > room) return false;
    room -= url.length;
    return true;
  });
  const left = images.length - shown.length;
  if (left === 0) return { images: shown };
  return { images: shown, note: `[${left} of ${images.length} images left out: too large for this run.]` };
}

/** Bytes of images that the run may still take. The bound exists because its log is bounded. */
export function imageRoom({ items }: Pick<RunSnapshot, 'items'>): number {
  const used = items
    .flatMap((item) => (item.type === 'tool_call' ? (item.images ?? []) : item.image !== undefined ? [item.image] : []))
    .reduce((bytes, url) => bytes + url.length, 0);
  return Math.max(0, LIMITS.runImagesBytesMax - used);
}

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
