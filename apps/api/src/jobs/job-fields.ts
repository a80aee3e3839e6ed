import { GatewayError, JOB_LIMITS, type Job, type JsonObject, type Schedule } from '#libs/contract';
import { parseDeliver, type DeliveryTarget } from '#libs/delivery';
import { parseDto, RetryDto, type PatchJobDto } from '#libs/protocols';
import { nextOccurrences, parseSchedule, parseTimezone } from '#libs/schedule';

/** The sources of a job's fields: the request first, then the job itself. */
export interface FieldSources {
  readonly dto: PatchJobDto;
  /** Fields that the request sets to null. */
  readonly cleared: ReadonlySet<string>;
  readonly targets: readonly DeliveryTarget[];
  /** Milliseconds since the epoch; relative times count from here. */
  readonly now: number;
}

/** The fields of a job that its owner chooses, except its state and its model. */
export type ChosenFields = Omit<
  Job,
  'id' | 'owner' | 'version' | 'createdAt' | 'model' | 'fingerprint' | RunningFields
>;
type RunningFields = 'state' | 'pausedAt' | 'pausedReason' | 'nextRunAt' | 'runRequestedAt';

/** Fields that null resets to their default. For other fields null is a mistake. */
const CLEARABLE: ReadonlySet<string> = new Set([
  'repeat',
  'model',
  'tools',
  'end_at',
  'skill',
  'skills',
  'max_cost',
  'job_max_cost',
]);

/** The fields that the body sets to null. Throws GatewayError `invalid_request` for one that cannot be null. */
export function clearedFields(body: JsonObject, known: readonly string[]): ReadonlySet<string> {
  const nulls = known.filter((field) => Object.hasOwn(body, field) && body[field] === null);
  const wrong = nulls.find((field) => !CLEARABLE.has(field));
  if (wrong !== undefined) throw refuse(wrong, 'must not be null.');
  return new Set(nulls);
}

/** The fields after the request. Throws GatewayError of status 400 that names the field. */
export function chosenFields(before: ChosenFields, sources: FieldSources): ChosenFields {
  const { dto, targets, now } = sources;
  const timezone = dto.timezone === undefined ? before.timezone : parseTimezone(dto.timezone);
  const { name = before.name, prompt = before.prompt, misfire = before.misfire, overlap = before.overlap } = dto;
  const schedule = scheduleOf(before.schedule, dto, { now, timezone });
  const fields = {
    name: name.trim(),
    prompt,
    timezone,
    schedule,
    deliver: dto.deliver === undefined ? before.deliver : parseDeliver(dto.deliver, targets),
    misfire,
    overlap,
    retry: dto.retry ? retryOf(dto.retry, before.retry) : before.retry,
    jitterSeconds: dto.jitter_seconds ?? before.jitterSeconds,
    ...clearable(before, sources, { timezone, schedule }),
  };
  if ([dto.schedule, dto.timezone, dto.jitter_seconds].some((value) => value !== undefined)) checkJitter(fields, now);
  return fields;
}

/** Jitter that reaches the next occurrence would make an occurrence give way to that one and count as missed. */
function checkJitter({ schedule, jitterSeconds }: Pick<Job, 'schedule' | 'jitterSeconds'>, now: number): void {
  if (jitterSeconds === 0) return;
  const times = nextOccurrences(schedule, now, JOB_LIMITS.nextCountMax);
  const shortest = Math.min(...times.map((at, i) => (times[i + 1] ?? Infinity) - at));
  if (jitterSeconds * 1_000 < shortest) return;
  throw refuse('jitter_seconds', `must be less than the ${shortest / 1_000} seconds between two occurrences.`);
}

/** How often a job runs by default. */
export const defaultTimes = ({ kind }: Schedule): number | null => (kind === 'once' ? 1 : null);

function clearable(
  before: ChosenFields,
  { dto, cleared, now }: FieldSources,
  { timezone, schedule }: Pick<ChosenFields, 'timezone' | 'schedule'>,
) {
  // A default follows the kind of schedule: a one-shot that becomes hourly must not stop after one hour.
  const isDefault = before.repeat.times === defaultTimes(before.schedule);
  const times = cleared.has('repeat')
    ? null
    : (dto.repeat ?? (isDefault ? defaultTimes(schedule) : before.repeat.times));
  return {
    repeat: { ...before.repeat, times },
    tools: cleared.has('tools') ? null : dto.tools ? toolNames(dto.tools) : before.tools,
    ...costs(before, dto, cleared),
    endAt: cleared.has('end_at') ? null : (endOf(dto.end_at, { now, timezone }) ?? before.endAt),
  };
}

/** Absent where there is no bound, so that a record is the same as before there were bounds. */
function costs(
  before: ChosenFields,
  dto: PatchJobDto,
  cleared: ReadonlySet<string>,
): Pick<Job, 'maxCost' | 'jobMaxCost'> {
  const own = cleared.has('max_cost') ? undefined : (dto.max_cost ?? before.maxCost);
  const all = cleared.has('job_max_cost') ? undefined : (dto.job_max_cost ?? before.jobMaxCost);
  return { ...(own !== undefined && { maxCost: own }), ...(all !== undefined && { jobMaxCost: all }) };
}

interface Moment {
  readonly now: number;
  readonly timezone: string;
}

/** A change of only the zone moves a cron schedule to that zone; a moment and an interval stay unchanged. */
function scheduleOf(before: Schedule, dto: PatchJobDto, moment: Moment): Schedule {
  if (dto.schedule !== undefined) return parseSchedule(dto.schedule, moment);
  return before.kind === 'cron' ? { ...before, timezone: moment.timezone } : before;
}

function endOf(text: string | undefined, moment: Moment): number | undefined {
  if (text === undefined) return undefined;
  try {
    const schedule = parseSchedule(text, moment);
    if (schedule.kind === 'once') return schedule.at;
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    throw new GatewayError('invalid_request', `'end_at': ${cause.message}`, { param: 'end_at', cause });
  }
  throw refuse('end_at', 'must be one moment: an ISO time such as 2030-01-31T18:00, or a delay such as "in 30d".');
}

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** The names, without repetitions. Throws GatewayError `invalid_request` for an invalid name. */
export function toolNames(names: readonly unknown[]): string[] {
  names.forEach((name, i) => {
    if (typeof name !== 'string' || !TOOL_NAME.test(name)) throw refuse(`tools[${i}]`, 'must be the name of a tool.');
  });
  return [...new Set(names as readonly string[])];
}

function retryOf(retry: JsonObject, before: Job['retry']): Job['retry'] {
  const { attempts = before.attempts, backoff = before.backoffSeconds } = parseDto(RetryDto, retry, 'retry');
  return { attempts, backoffSeconds: backoff };
}

const refuse = (param: string, problem: string): GatewayError =>
  new GatewayError('invalid_request', `'${param}' ${problem}`, { param });
