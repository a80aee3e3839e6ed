import type { Page, RunObject, RunSummary } from '#libs/wire';
import type { Command } from 'commander';
import { facts, localTime } from '../output/table.js';
import { Output } from '../output/output.js';
import { inPath, wholeNumber, type Attach } from './command-parts.js';
import { runIdOf } from './run-ids.js';
import { tailRun } from './tail-run.js';

const PAGE_MAX = 100;

interface ListOptions {
  readonly status?: string;
  readonly session?: string;
  readonly job?: string;
  readonly limit: number;
  readonly after?: string;
}

/** `runs ls|show|tail|stop`. */
export function addRuns(program: Command, attach: Attach): void {
  const runs = program.command('runs').description('what was asked, and what came of it');
  const ls = runs
    .command('ls')
    .description('your runs, newest first')
    .option(
      '--status <status>',
      'only those in this state: queued, running, waiting_for_approval, completed, failed ...',
    )
    .option('--session <id>', 'only those of this session')
    .option('--job <id>', 'only those of this cron job')
    .option('--limit <count>', 'how many', wholeNumber(1, PAGE_MAX), 20)
    .option('--after <cursor>', 'what the page before named as its end');
  attach<ListOptions>(ls, async ({ gateway, output }, _args, { status, session, job, limit, after }) => {
    const query = { status, session_id: session, job_id: job, limit, after };
    output.answer(await gateway.get<Page<RunSummary>>('/v1/runs', query), listed);
  });
  const show = runs.command('show <run>').description('one run: state, output, calls, usage');
  attach(show, async ({ gateway, output }, [given = '']) => {
    const id = await runIdOf(gateway, given);
    output.answer(await gateway.get<RunObject>(`/v1/runs/${inPath(id)}`), described);
  });
  const tail = runs
    .command('tail <run>')
    .description('follow a run from its first event to its end; exit code 1 when it did not complete');
  attach(tail, async (parts, [given = '']) => tailRun(parts, await runIdOf(parts.gateway, given)));
  const stop = runs.command('stop <run>').description('stop a run');
  attach(stop, async ({ gateway, output }, [given = '']) => {
    const id = await runIdOf(gateway, given);
    output.answer(await gateway.send<object>('POST', `/v1/runs/${inPath(id)}/stop`), () => `${id} is being stopped`);
  });
}

function listed({ data, next }: Page<RunSummary>): string {
  const rows = data.map(({ run_id: id, status, model, protocol, created_at: at, usage }) => [
    id,
    status,
    model,
    protocol,
    localTime(at),
    usage?.total_tokens,
  ]);
  const list = Output.rows(['RUN', 'STATUS', 'MODEL', 'PROTOCOL', 'MADE', 'TOKENS'], rows, 'No runs.');
  return next === null ? list : `${list}\nmore: --after ${next}`;
}

function described(run: RunObject): string {
  const head = facts([
    ['run', run.run_id],
    ['status', run.status],
    ['why', run.error?.message ?? run.reason],
    ['bound', run.limit_reached && `${run.limit_reached.limit} ${run.limit_reached.max_cost}`],
    ['model', run.model],
    ['served by', run.served_by],
    ['protocol', run.protocol],
    ['session', run.session_id],
    ['job', run.job_id],
    ['made', localTime(run.created_at)],
    ['ended', localTime(run.ended_at)],
    ['attempt', run.attempt > 1 ? run.attempt : undefined],
    ['tokens', run.usage.total_tokens],
  ]);
  const calls = run.items.flatMap((item) =>
    item.type === 'tool_call' ? [`${item.name}(${item.arguments}) ${item.status}`] : [],
  );
  const waits = run.approvals.map(
    ({ tool, arguments: args, request_id: id }) =>
      `waits for an answer: ${tool}(${args})  approve ${run.run_id} --request ${id}`,
  );
  return [head, ...calls, ...waits, run.output].filter((part) => part !== '').join('\n\n');
}
