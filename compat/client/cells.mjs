// What stands in the cells of the matrix, and in which order.

/** Each protocol of each client says something about each of them. */
export const FEATURES = {
  stream: 'Stream',
  clientTools: 'Tools of the client',
  serverTools: 'Tools of the server',
  mixed: 'Both in one step',
  structured: 'Structured output',
  images: 'Images',
  cancel: 'Cancel',
  resume: 'Resume',
  errors: 'Error in mid-stream',
  busy: '429',
  silence: 'Long silence',
};

/** A feature that the client has no words for: nothing is run. */
export const notOffered = (why) => ({ notOffered: why });

/** What does not work, for a reason outside this gateway. `check` must still show that it is so. */
export const limit = (note, check) => ({ limit: note, check });

/**
 * Runs one cell. @param feature a function of the lab, which throws when the client saw anything wrong and may return a
 * note; or one of the above. @returns `{ outcome: 'yes' | 'no' | 'not offered' | 'FAILED', note }`.
 */
export async function runCell(feature, lab, msMax) {
  if (feature === undefined) return { outcome: 'FAILED', note: 'The client says nothing about this feature.' };
  if (feature.notOffered) return { outcome: 'not offered', note: feature.notOffered };
  const check = feature.check ?? feature;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${msMax} ms`)), msMax);
  });
  try {
    const note = await Promise.race([check(lab), late]);
    return feature.limit ? { outcome: 'no', note: feature.limit } : { outcome: 'yes', note: note ?? '' };
  } catch (error) {
    return { outcome: 'FAILED', note: String(error?.stack ?? error).slice(-3_000) };
  } finally {
    clearTimeout(timer);
  }
}
