import { GatewayError, JOB_LIMITS, type JobView, type JsonObject } from '#libs/contract';
import { CreateJobDto, PatchJobDto, PauseJobDto, PreviewJobDto } from '#libs/protocols';
import { isoTime, jobCursor, jobObject, jobRunCursor, jobRunObject } from '#libs/protocols';
import { parseDto, parseJobCursor, parseJobRunCursor, scheduleObject } from '#libs/protocols';
import { describeSchedule, nextOccurrences, parseSchedule, parseTimezone } from '#libs/schedule';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { idempotencyClaim } from '../runs/admitting/idempotency-key.js';
import { HEADERS } from '../words/header-names.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { patch, pause, resume, runNow } from './change-job.js';
import { clearedFields, objectBody, toolNames } from './job-fields.js';
import { JobService, nextRuns } from './job-service.js';
import { newJob } from './new-job.js';
import { integerParameter, textParameter } from './query.js';

const NEXT_COUNT = 5;

/**
 * Cron jobs: the verbs and records of the Hermes jobs API, and what it lacked. Another key's job is answered like none.
 */
@Controller('api/jobs')
export class JobsController {
  constructor(
    @Inject(JobService) private readonly jobs: JobService,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
  ) {}

  @Get()
  async list(@Query() query: Record<string, unknown>, @Owner() owner: string): Promise<JsonObject> {
    const { pageJobsDefault, pageJobsMax } = JOB_LIMITS;
    const limit = integerParameter(query, 'limit', { max: pageJobsMax, otherwise: pageJobsDefault });
    const after = textParameter(query, 'after');
    const includeDisabled = ['true', '1'].includes(textParameter(query, 'include_disabled')?.toLowerCase() ?? '');
    const from = after === undefined ? {} : { after: parseJobCursor(after) };
    const { views, hasMore } = await this.jobs.list({ owner, includeDisabled, limit, ...from });
    const last = views.at(-1);
    return { jobs: views.map(shown), has_more: hasMore, next: hasMore && last ? jobCursor(last.job) : null };
  }

  @Post()
  @HttpCode(201)
  async create(
    @Body() body: unknown,
    @Headers() headers: IncomingHttpHeaders,
    @Owner() owner: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const dto = parseDto(CreateJobDto, body);
    const claim = idempotencyClaim({ owner, route: '/api/jobs', headers, body: objectBody(body) });
    const model = dto.model === undefined ? null : await this.models.resolve(dto.model);
    await this.models.assertServerTools(toolNames(dto.tools ?? []));
    const sources = { dto, cleared: new Set<string>(), targets: this.jobs.targets, now: Date.now() };
    const { view, isReplay } = await this.jobs.create(owner, claim, (id) => newJob({ id, owner, model }, dto, sources));
    if (isReplay) void reply.header(HEADERS.idempotencyReplayed, 'true');
    return { job: shown(view) };
  }

  @Post('preview')
  @HttpCode(200)
  preview(@Body() body: unknown): JsonObject {
    const dto = parseDto(PreviewJobDto, body);
    const timezone = parseTimezone(dto.timezone ?? 'UTC');
    const now = Date.now();
    const schedule = parseSchedule(dto.schedule, { now, timezone });
    const display = describeSchedule(schedule);
    const next = nextOccurrences(schedule, now, dto.count ?? NEXT_COUNT).map(isoTime);
    return { schedule: scheduleObject(schedule, display), schedule_display: display, timezone, next };
  }

  @Get(':id')
  async get(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return { job: shown(await this.jobs.get(id, owner)) };
  }

  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: unknown, @Owner() owner: string): Promise<JsonObject> {
    const dto = parseDto(PatchJobDto, body);
    const cleared = clearedFields(objectBody(body), PATCHABLE);
    if (Object.keys(dto).length + cleared.size === 0) {
      throw new GatewayError('invalid_request', `There is no field to update. There are: ${PATCHABLE.join(', ')}.`);
    }
    const model =
      dto.model === undefined ? (cleared.has('model') ? null : undefined) : await this.models.resolve(dto.model);
    await this.models.assertServerTools(toolNames(dto.tools ?? []));
    const change = patch({ dto, cleared, targets: this.jobs.targets, now: Date.now() }, model);
    return { job: shown(await this.jobs.change(id, owner, change)) };
  }

  @Delete(':id')
  async remove(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    await this.jobs.remove(id, owner);
    return { ok: true };
  }

  @Post(':id/pause')
  @HttpCode(200)
  async pause(@Param('id') id: string, @Body() body: unknown, @Owner() owner: string): Promise<JsonObject> {
    const { reason } = parseDto(PauseJobDto, body ?? {});
    return { job: shown(await this.jobs.change(id, owner, pause(reason))) };
  }

  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return { job: shown(await this.jobs.change(id, owner, resume)) };
  }

  @Post(':id/run')
  @HttpCode(200)
  async run(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return { job: shown(await this.jobs.change(id, owner, runNow)) };
  }

  @Get(':id/runs')
  async runs(
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const { pageRunsDefault, pageRunsMax } = JOB_LIMITS;
    const limit = integerParameter(query, 'limit', { max: pageRunsMax, otherwise: pageRunsDefault });
    const after = textParameter(query, 'after');
    const page = after === undefined ? { limit } : { limit, after: parseJobRunCursor(after) };
    const { runs, hasMore } = await this.jobs.runs({ id, owner }, page);
    const last = runs.at(-1);
    return { runs: runs.map(jobRunObject), has_more: hasMore, next: hasMore && last ? jobRunCursor(last) : null };
  }

  @Get(':id/next')
  async next(
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const count = integerParameter(query, 'count', { max: JOB_LIMITS.nextCountMax, otherwise: NEXT_COUNT });
    const { job } = await this.jobs.get(id, owner);
    return { timezone: job.timezone, next: nextRuns(job, count).map(isoTime) };
  }
}

/** What PATCH takes, in the order in which it is told. */
const PATCHABLE = [
  ...['name', 'schedule', 'prompt', 'deliver', 'skills', 'skill', 'repeat', 'enabled', 'timezone', 'model', 'tools'],
  ...['misfire', 'overlap', 'retry', 'jitter_seconds', 'end_at'],
];

const shown = (view: JobView): JsonObject => jobObject(view, describeSchedule(view.job.schedule));
