import type { RunSnapshot } from '#libs/contract';
import { storeClient } from '#libs/store-client';

/** The row of a run in a store service; undefined while there is none or the store is away. */
export function storedRun(url: string, runId: string): Promise<RunSnapshot | undefined> {
  return storeClient({ url })
    .runs.run(runId)
    .catch(() => undefined);
}
