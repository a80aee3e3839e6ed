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
