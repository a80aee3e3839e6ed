import { startTickWorker } from '#libs/bus';
import { Module, type DynamicModule } from '@nestjs/common';
import type { SchedulerCore } from '../scheduler-core.js';
import { fireDueJobs } from './fire-due-jobs.js';
import type { JobDutyPorts } from './job-ports.js';
import { lookAfterRuns } from './look-after-runs.js';

/** Timers that wake this scheduler within milliseconds of a job's time; `jobDuties` make up for lost ones. */
@Module({})
export class CronModule {
  static for({ connection, drain, logger }: SchedulerCore, ports: JobDutyPorts): DynamicModule {
    const stopping = new AbortController();
    const worker = startTickWorker({
      connection,
      async handle() {
        await fireDueJobs(ports, stopping.signal);
        await lookAfterRuns(ports, stopping.signal);
      },
      onError: (cause) => logger.warn({ err: cause }, 'a timer of jobs failed; the duty makes up for it'),
    });
    drain.onDrain(async () => {
      stopping.abort();
      await worker.close();
    });
    return { module: CronModule };
  }
}
