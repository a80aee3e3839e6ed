import {
  RUN_SPEC_VERSION,
  type Job,
  type JobRun,
  type RunSpec,
  type SpendLimits,
  type ToolChoice,
} from '#libs/contract';

/** No process listens on this channel; the events of job runs are read from their logs. */
const INSTANCE = 'scheduler';

const INSTRUCTIONS =
  'You are running as a scheduled job. Nobody can answer questions. Your final answer is delivered automatically: do not ' +
  'send it anywhere yourself. If there is nothing to report, answer with exactly [SILENT].';

/** The run of an occurrence: a new conversation with the job's prompt as its only message. */
export function runSpecOf(
  job: Job,
  run: JobRun,
  { now, defaultModel }: { now: number; defaultModel: string },
): RunSpec {
  const spend = spendOf(job);
  return {
    version: RUN_SPEC_VERSION,
    runId: run.runId,
    owner: job.owner,
    protocol: 'jobs',
    jobId: job.id,
    model: job.model ?? defaultModel,
    instructions: INSTRUCTIONS,
    messages: [{ role: 'user', content: job.prompt }],
    tools: [],
    toolChoice: toolChoiceOf(job.tools),
    sampling: {},
    onDisconnect: 'continue',
    stream: false,
    background: true,
    echo: {},
    metadata: { job_id: job.id, scheduled_for: new Date(run.slot).toISOString() },
    createdAt: now,
    instance: INSTANCE,
    ...(spend && { spend }),
  };
}

function spendOf({ maxCost, jobMaxCost }: Job): SpendLimits | undefined {
  if (maxCost === undefined && jobMaxCost === undefined) return undefined;
  return { ...(maxCost !== undefined && { run: maxCost }), ...(jobMaxCost !== undefined && { job: jobMaxCost }) };
}

function toolChoiceOf(tools: Job['tools']): ToolChoice {
  if (tools === null) return { kind: 'auto' };
  return tools.length === 0 ? { kind: 'none' } : { kind: 'allowed', mode: 'auto', names: tools };
}
