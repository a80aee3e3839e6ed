import { JOB_LIMITS } from '#libs/contract';
import type { Type } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { JobsController } from './jobs.controller.js';

/** What the other routes are described with. */
export interface DescribeWith {
  once(
    controller: Type<unknown>,
    onClass: ClassDecorator,
    onMethods: Readonly<Record<string, readonly MethodDecorator[]>>,
  ): void;
  errors(...statuses: readonly number[]): MethodDecorator[];
}

/** What the document says about /api/jobs. */
export function describeJobs({ once, errors }: DescribeWith): void {
  const one = (summary: string, ...more: MethodDecorator[]): MethodDecorator[] => [
    ApiOperation({ summary }),
    ApiParam({ name: 'id', schema: { type: 'string', pattern: '^[0-9a-f]{12}$' } }),
    ApiResponse({ status: 200, description: 'The job.', schema: OBJECT }),
    ...errors(400, 401, 404, 409, 503),
    ...more,
  ];
  const page = (max: number): MethodDecorator[] => [
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: max } }),
    ApiQuery({ name: 'after', required: false, description: 'next of the page before', schema: { type: 'string' } }),
  ];
  const count = { type: 'integer', minimum: 1, maximum: JOB_LIMITS.nextCountMax, default: 5 };
  once(JobsController, ApiTags('jobs'), {
    list: [
      ApiOperation({ summary: 'The cron jobs of this key, newest first' }),
      ApiQuery({ name: 'include_disabled', required: false, schema: { type: 'boolean', default: false } }),
      ...page(JOB_LIMITS.pageJobsMax),
      ApiResponse({ status: 200, description: 'A page of jobs.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
    create: [
      ApiOperation({ summary: 'Create a cron job' }),
      ApiHeader({ name: 'Idempotency-Key', description: 'same key and body, same job' }),
      ApiBody({ schema: { ...jobFields, required: ['name', 'schedule', 'prompt'] } }),
      ApiResponse({ status: 201, description: 'The job.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 413, 415, 503),
    ],
    preview: [
      ApiOperation({ summary: 'What a schedule means, and when it would run' }),
      ApiBody({
        schema: { type: 'object', required: ['schedule'], properties: { schedule: text, timezone: text, count } },
      }),
      ApiResponse({ status: 200, description: 'The schedule and its next occurrences.', schema: OBJECT }),
      ...errors(400, 401),
    ],
    get: one('One job'),
    update: one('Change a job; what is not given stays', ApiBody({ schema: jobFields })),
    remove: one('Delete a job and its history; a run that is going on goes on'),
    pause: one(
      'Stop a job from firing',
      ApiBody({ required: false, schema: { type: 'object', properties: { reason: text } } }),
    ),
    resume: one('Take a paused job up again, from now on'),
    run: one('Run a job now, besides its schedule'),
    runs: one(
      'The history of a job, newest first: status, times, output, error, deliveries',
      ...page(JOB_LIMITS.pageRunsMax),
    ),
    next: one('When the job runs next', ApiQuery({ name: 'count', required: false, schema: count })),
  });
}

const OBJECT = { type: 'object' };
const text = { type: 'string' };

const jobFields = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: JOB_LIMITS.nameCharsMax },
    schedule: { type: 'string', description: '30m, every 2h, 0 9 * * 1-5, 2030-01-31T18:00, weekdays at 9am' },
    prompt: { type: 'string', maxLength: JOB_LIMITS.promptCharsMax },
    timezone: { type: 'string', description: 'IANA name', default: 'UTC' },
    deliver: { type: 'string', description: 'local, webhook:https://...; several apart by commas', default: 'local' },
    repeat: { type: 'integer', minimum: 1, nullable: true, description: 'how often; null: for ever' },
    enabled: { type: 'boolean' },
    model: { type: 'string', nullable: true },
    tools: { type: 'array', items: text, nullable: true, description: 'server tools; null: all' },
    misfire: { enum: ['skip', 'run_once'] },
    overlap: { enum: ['skip', 'queue', 'cancel_previous'], default: 'skip' },
    retry: {
      type: 'object',
      properties: {
        attempts: { type: 'integer', minimum: 0, maximum: JOB_LIMITS.retryAttemptsMax },
        backoff: { type: 'integer', minimum: 1, maximum: JOB_LIMITS.retryBackoffSecondsMax, description: 'seconds' },
      },
    },
    jitter_seconds: { type: 'integer', minimum: 0, maximum: JOB_LIMITS.jitterSecondsMax },
    end_at: { type: 'string', nullable: true },
  },
};
