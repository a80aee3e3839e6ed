import type { JobStore } from '#libs/contract';
import { sqlJobStore } from '#libs/store';
import { migratedPglite } from './pglite.js';
import { serveStore } from './store-service.js';

/** The store service with jobs alone in this process, on a database of its own. */
export interface StoreOfJobs {
  readonly url: string;
  readonly jobs: JobStore;
  close(): Promise<void>;
}

export async function startStoreOfJobs(now: () => number = Date.now): Promise<StoreOfJobs> {
  const db = await migratedPglite();
  const jobs = sqlJobStore(db, now);
  const service = await serveStore({ jobs });
  return {
    url: service.url,
    jobs,
    async close() {
      await service.close();
      await db.close();
    },
  };
}
