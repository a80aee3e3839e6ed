import type { JobObject } from '#libs/wire';
import type { Command } from 'commander';
import { facts, zonedTime } from '../output/table.js';
import { Output } from '../output/output.js';
import { inPath, wholeNumber, type Attach } from './command-parts.js';

const PAGE_MAX = 200;
/** What a list has room for. */
const NAME_CHARS = 40;

interface JobPage {
  readonly jobs: readonly JobObject[];
  readonly next: string | null;
}

interface JobAnswer {
  readonly job: JobObject;
  /** Of `run`: the run that was made. */
  readonly run_id?: string | null;
}

interface AddOptions {
  readonly schedule: string;
  readonly prompt: string;
  readonly name?: string;
  readonly timezone?: string;
  readonly model?: string;
  readonly deliver?: string;
}

/** `jobs ls|add|run|pause|resume|rm`. */
export function addJobs(program: Command, attach: Attach): void {
  const jobs = program.command('jobs').description('cron jobs');
  addList(jobs, attach);
  addAdd(jobs, attach);
  const verb = (name: 'run' | 'pause' | 'resume', what: string, said: (answer: JobAnswer) => string): void => {
    const command = jobs.command(`${name} <job>`).description(what);
    if (name === 'pause') command.option('--reason <text>', 'shown with the job');
    attach<{ reason?: string }>(command, async ({ gateway, output }, [id = ''], { reason }) => {
      const body = reason === undefined ? undefined : { reason };
      output.answer(await gateway.send<JobAnswer>('POST', `/api/jobs/${inPath(id)}/${name}`, body), said);
    });
  };
  verb('run', 'run a job now, beside its schedule', ({ job, run_id: run }) =>
    run
      ? `${job.id} runs as ${run}; follow it with: runs tail ${run}`
      : `${job.id} runs now; see: runs ls --job ${job.id}`,
  );
  verb('pause', 'run a job no more until it is resumed', ({ job }) => `${job.id} is paused`);
  verb(
    'resume',
    'let a paused job run again',
    ({ job }) => `${job.id} runs next at ${zonedTime(job.next_run_at, job.timezone) ?? '-'}`,
  );
  const remove = jobs.command('rm <job>').description('delete a job');
  attach(remove, async ({ gateway, output }, [id = '']) => {
    output.answer(await gateway.send<object>('DELETE', `/api/jobs/${inPath(id)}`), () => `${id} is deleted`);
  });
}

function addList(jobs: Command, attach: Attach): void {
  const command = jobs
    .command('ls')
    .description('your jobs')
    .option('--all', 'paused and completed ones, too')
    .option('--limit <count>', 'how many', wholeNumber(1, PAGE_MAX))
    .option('--after <cursor>', 'what the page before named as its end');
  attach<{ all?: boolean; limit?: number; after?: string }>(command, async ({ gateway, output }, _args, options) => {
    const { all, limit, after } = options;
    const query = { include_disabled: all, limit, after };
    output.answer(await gateway.get<JobPage>('/api/jobs', query), listed);
  });
}

function addAdd(jobs: Command, attach: Attach): void {
  const command = jobs
    .command('add')
    .description('make a job')
    .requiredOption('--schedule <text>', 'when: "weekdays at 9:00", "every 2h", "0 9 1 * *" (docs/schedules.md)')
    .requiredOption('--prompt <text>', 'what the agent is asked')
    .option('--name <text>', 'how it is called; else by the beginning of the prompt')
    .option('--timezone <zone>', 'such as Europe/Berlin; else UTC')
    .option('--model <name>', 'a model; else the default one')
    .option('--deliver <target>', 'where results go: local, or webhook:https://... (docs/jobs.md)');
  attach<AddOptions>(command, async ({ gateway, output }, _args, options) => {
    const { schedule, prompt, timezone, model, deliver } = options;
    const name = options.name ?? prompt.slice(0, NAME_CHARS);
    const body = { schedule, prompt, name, timezone, model, deliver };
    output.answer(await gateway.send<JobAnswer>('POST', '/api/jobs', body), ({ job }) => described(job));
  });
}

function listed({ jobs, next }: JobPage): string {
  const rows = jobs.map(
    ({ id, name, state, schedule_display: schedule, timezone, next_run_at: at, last_status: last }) => [
      id,
      name,
      state,
      schedule,
      timezone,
      zonedTime(at, timezone),
      last,
    ],
  );
  const list = Output.rows(
    ['JOB', 'NAME', 'STATE', 'SCHEDULE', 'ZONE', 'NEXT (in its zone)', 'LAST'],
    rows,
    'No jobs.',
  );
  return next === null ? list : `${list}\nmore: --after ${next}`;
}

const described = (job: JobObject): string =>
  facts([
    ['job', job.id],
    ['name', job.name],
    ['schedule', `${job.schedule_display} (${job.timezone})`],
    ['next run', zonedTime(job.next_run_at, job.timezone) ?? '-'],
    ['deliver', job.deliver],
  ]);
