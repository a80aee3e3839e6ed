import { migrate, pgliteDatabase, sqlJobStore } from '#libs/store';
import type { JobStore } from '#libs/contract';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOB_STORE, JobsController } from '../../apps/store/src/http/jobs.controller.js';
import { TOKEN } from '../../apps/store/src/http/token.guard.js';

/** The job routes of the store service in this process, on a database of their own. */
export interface StoreOfJobs {
  readonly url: string;
  readonly jobs: JobStore;
  close(): Promise<void>;
}

export async function startStoreOfJobs(now: () => number = Date.now): Promise<StoreOfJobs> {
  const dir = await mkdtemp(join(tmpdir(), 'talaria-jobs-'));
  const db = await pgliteDatabase({ dir: join(dir, 'db') });
  await migrate(db);
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
      await rm(dir, { recursive: true, force: true });
    },
  };
}
