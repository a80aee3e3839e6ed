import { CreateJobDto, JobActionDto, PatchJobDto, PauseJobDto, PreviewJobDto } from '#libs/protocols';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { body, errors, OBJECT, once, queries } from '../answering/describe.js';
import { JobListQuery, JobRunListQuery, NextRunsQuery } from './job.queries.js';
import { JobsController } from './jobs.controller.js';

/** The document's description of /api/jobs. */
export function describeJobs(): void {
  const one = (summary: string, ...more: MethodDecorator[]): MethodDecorator[] => [
    ApiOperation({ summary }),
    ApiParam({ name: 'id', schema: { type: 'string', pattern: '^[0-9a-f]{12}$' } }),
    ApiResponse({ status: 200, description: 'The job.', schema: OBJECT }),
    ...errors(400, 401, 404, 409, 503),
    ...more,
  ];
  once(JobsController, ApiTags('Jobs'), {
    list: [
      ApiOperation({ summary: 'The cron jobs of this key, newest first' }),
      ...queries(JobListQuery),
      ApiResponse({ status: 200, description: 'A page of jobs.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
    create: [
      ApiOperation({ summary: 'Create a cron job' }),
      ApiHeader({ name: 'Idempotency-Key', description: 'same key and body, same job' }),
      body(CreateJobDto),
      ApiResponse({ status: 201, description: 'The job.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 413, 415, 503),
    ],
    preview: [
      ApiOperation({ summary: 'What a schedule means, and when it would run' }),
      body(PreviewJobDto),
      ApiResponse({ status: 200, description: 'The schedule and its next occurrences.', schema: OBJECT }),
      ...errors(400, 401),
    ],
    get: one('One job with its state and its last run'),
    update: one('Change a job; what is not given stays', body(PatchJobDto)),
    remove: one('Delete a job and its history; a run that is going on goes on'),
    pause: one('Stop a job from firing', body(PauseJobDto, { required: false })),
    resume: one('Take a paused job up again, from now on', NO_FIELDS),
    run: one(
      'Run a job now, besides its schedule; `run_id` is the run that comes of it, if it is not skipped',
      NO_FIELDS,
    ),
    testDelivery: one(
      'Send a sample to every target of a job, now, and tell what came of it',
      NO_FIELDS,
      ...errors(429),
    ),
    runs: one(
      'The history of a job, newest first: status, times, output, error, deliveries',
      ...queries(JobRunListQuery),
    ),
    next: one('When the job runs next', ...queries(NextRunsQuery)),
  });
}

const NO_FIELDS = body(JobActionDto, { required: false });
