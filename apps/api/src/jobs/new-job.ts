import { GatewayError, type Job } from '#libs/contract';
import { advance } from '#libs/jobs';
import type { CreateJobDto } from '#libs/protocols';
import { parseSchedule, parseTimezone } from '#libs/schedule';
import { chosenFields, defaultTimes, type ChosenFields, type FieldSources } from './job-fields.js';

const TIMEZONE_DEFAULT = 'UTC';
const RETRY_DEFAULT = { attempts: 0, backoffSeconds: 60 } as const;

/** The owner of a new job, and its id. */
export interface JobMaker {
  readonly id: string;
  readonly owner: string;
  readonly model: string | null;
  readonly fingerprint?: string;
}

/** The job that a request asks for. Throws GatewayError of status 400 that names the field. */
export function newJob(maker: JobMaker, dto: CreateJobDto, sources: FieldSources): Job {
  const { now } = sources;
  const job: Job = {
    ...chosenFields(defaultsOf(dto, now), sources),
    ...maker,
    version: 1,
    createdAt: now,
    state: 'scheduled',
    pausedAt: null,
    pausedReason: null,
    nextRunAt: null,
    runRequestedAt: null,
  };
  const first = advance(job, now);
  if (first.nextRunAt === null) throw noOccurrence();
  return dto.enabled === false ? { ...first, state: 'paused', pausedAt: now, nextRunAt: null } : first;
}

/** A job's values when only its name, schedule and prompt are given. A late reminder is better than none. */
function defaultsOf({ name, schedule: text, prompt, timezone: zone }: CreateJobDto, now: number): ChosenFields {
  const timezone = parseTimezone(zone ?? TIMEZONE_DEFAULT);
  const schedule = parseSchedule(text, { now, timezone });
  const isOnce = schedule.kind === 'once';
  return {
    name,
    prompt,
    timezone,
    schedule,
    tools: null,
    repeat: { times: defaultTimes(schedule), completed: 0 },
    deliver: ['local'],
    misfire: isOnce ? 'run_once' : 'skip',
    overlap: 'skip',
    retry: RETRY_DEFAULT,
    jitterSeconds: 0,
    endAt: null,
  };
}

/** The error for a schedule that has no occurrence because of `end_at` or `repeat`. */
export const noOccurrence = (): GatewayError =>
  new GatewayError('invalid_schedule', 'Before end_at, and within repeat, the schedule has no occurrence left.', {
    param: 'schedule',
  });
