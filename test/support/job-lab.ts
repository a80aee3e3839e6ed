import { sqlJobStore } from '#libs/store';
import type { JobStore } from '#libs/contract';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { JOB_STORE, JobsController } from '../../apps/store/src/http/jobs.controller.js';
import { TOKEN } from '../../apps/store/src/http/token.guard.js';
import { migratedPglite } from './pglite.js';

/** The job routes of the store service in this process, on a database of their own. */
export interface StoreOfJobs {
  readonly url: string;
  readonly jobs: JobStore;
  close(): Promise<void>;
}

export async function startStoreOfJobs(now: () => number = Date.now): Promise<StoreOfJobs> {
  const db = await migratedPglite();
  const jobs = sqlJobStore(db, now);
  class StoreModule {}
  const module = {
    module: StoreModule,
    controllers: [JobsController],
    providers: [
      { provide: JOB_STORE, useValue: jobs },
      { provide: TOKEN, useValue: null },
    ],
  };
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: await app.getUrl(),
    jobs,
    async close() {
      await app.close();
      await db.close();
    },
  };
}
