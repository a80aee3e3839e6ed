import { GatewayError, type JobView, type JsonObject } from '#libs/contract';
import { jobRunId } from '#libs/jobs';
import { CreateJobDto, JobActionDto, PatchJobDto, PauseJobDto, PreviewJobDto } from '#libs/protocols';
import { isoTime, jobCursor, jobObject, jobRunCursor, jobRunObject } from '#libs/protocols';
import { parseJobCursor, parseJobRunCursor, scheduleObject } from '#libs/protocols';
import { describeSchedule, nextOccurrences, parseSchedule, parseTimezone } from '#libs/schedule';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { idempotencyClaim } from '../runs/admitting/idempotency-key.js';
import { HEADERS } from '../words/header-names.js';
import { refuseUnknown } from '../words/unknown-fields.js';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { patch, pause, resume, runNow } from './change-job.js';
import { DeliveryTests } from './delivery-tests.js';
import { HERMES_FIELDS } from './hermes-fields.js';
import { clearedFields, toolNames } from './job-fields.js';
import { JobService, nextRuns } from './job-service.js';
import { newJob } from './new-job.js';
import { JobListQuery, JobRunListQuery, NextRunsQuery } from './job.queries.js';

/** The bodies of actions that take nothing: read, so that a field which means nothing is not taken for done. */
const NO_FIELDS = dto(JobActionDto, { isOptional: true });

/**
 * Cron jobs: the verbs and records of the Hermes jobs API, and additions. Another key's job is answered like one that
 * does not exist.
 */
@Controller('api/jobs')
export class JobsController {
  constructor(
    @Inject(JobService) private readonly jobs: JobService,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(DeliveryTests) private readonly tests: DeliveryTests,
  ) {}

  @Get()
  async list(@Query(dto(JobListQuery)) query: JobListQuery, @Owner() owner: string): Promise<JsonObject> {
    const { include_disabled: includeDisabled, limit, after } = query;
    const from = after === undefined ? {} : { after: parseJobCursor(after) };
    const { views, hasMore } = await this.jobs.list({ owner, includeDisabled, limit, ...from });
    const last = views.at(-1);
    return jobPage('jobs', views.map(shown), hasMore && last ? jobCursor(last.job) : null);
  }

  @Post()
  @HttpCode(201)
  async create(
    @Body(dto(CreateJobDto)) asked: CreateJobDto,
    @Body() body: JsonObject,
    @Incoming() request: IncomingRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JsonObject> {
    const { owner } = request;
    const warnings = refuseUnknown(CreateJobDto, body, HERMES_FIELDS);
    const claim = idempotencyClaim({ ...request, route: '/api/jobs' });
    const model = asked.model === undefined ? null : await this.models.resolve(asked.model);
    await this.models.assertServerTools(toolNames(asked.tools ?? []));
    await this.assertPriced(model, asked);
    await this.jobs.assertTargets(asked.deliver);
    const sources = { dto: asked, cleared: new Set<string>(), targets: this.jobs.targets, now: Date.now() };
    const made = await this.jobs.create(owner, claim, (id) => newJob({ id, owner, model }, asked, sources));
    const { view, isReplay } = made;
    if (isReplay) void reply.header(HEADERS.idempotencyReplayed, 'true');
    return { job: shown(view), ...warned(warnings) };
  }

  @Post('preview')
  @HttpCode(200)
  preview(@Body(dto(PreviewJobDto)) asked: PreviewJobDto): JsonObject {
    const timezone = parseTimezone(asked.timezone ?? 'UTC');
    const now = Date.now();
    const schedule = parseSchedule(asked.schedule, { now, timezone });
    const display = describeSchedule(schedule);
    const next = nextOccurrences(schedule, now, asked.count).map(isoTime);
    return { schedule: scheduleObject(schedule, display), schedule_display: display, timezone, next };
  }

  @Get(':id')
  async get(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    return { job: shown(await this.jobs.get(id, owner)) };
  }

  @Patch(':id')
  async update(
    @Param('id') id: string,
    @Body(dto(PatchJobDto)) asked: PatchJobDto,
    @Body() body: JsonObject,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const warnings = refuseUnknown(PatchJobDto, body, HERMES_FIELDS);
    const cleared = clearedFields(body, PATCHABLE);
    if (Object.keys(asked).length + cleared.size === 0) {
      throw new GatewayError('invalid_request', `There is no field to update. There are: ${PATCHABLE.join(', ')}.`);
    }
    const model =
      asked.model === undefined ? (cleared.has('model') ? null : undefined) : await this.models.resolve(asked.model);
    await this.models.assertServerTools(toolNames(asked.tools ?? []));
    await this.assertStillPriced(id, owner, { asked, cleared, model });
    if (asked.deliver !== undefined) {
      await this.jobs.assertTargets(asked.deliver, (await this.jobs.get(id, owner)).job.deliver);
    }
    const change = patch({ dto: asked, cleared, targets: this.jobs.targets, now: Date.now() }, model);
    return { job: shown(await this.jobs.change(id, owner, change)), ...warned(warnings) };
  }

  @Delete(':id')
  async remove(@Param('id') id: string, @Owner() owner: string): Promise<JsonObject> {
    await this.jobs.remove(id, owner);
    return { object: 'job', id, deleted: true, ok: true };
  }

  @Post(':id/pause')
  @HttpCode(200)
  async pause(
    @Param('id') id: string,
    @Body(dto(PauseJobDto, { isOptional: true })) { reason }: PauseJobDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    return { job: shown(await this.jobs.change(id, owner, pause(reason))) };
  }

  @Post(':id/resume')
  @HttpCode(200)
  async resume(@Param('id') id: string, @Body(NO_FIELDS) _: JobActionDto, @Owner() owner: string): Promise<JsonObject> {
    return { job: shown(await this.jobs.change(id, owner, resume)) };
  }

  @Post(':id/run')
  @HttpCode(200)
  async run(@Param('id') id: string, @Body(NO_FIELDS) _: JobActionDto, @Owner() owner: string): Promise<JsonObject> {
    const view = await this.jobs.change(id, owner, runNow);
    const { runRequestedAt } = view.job;
    // The run of an occurrence has the same id whoever opens it; one that is skipped never comes to be.
    return { job: shown(view), run_id: runRequestedAt === null ? null : jobRunId(id, runRequestedAt, 1) };
  }

  /** Sends a sample of a result to every target of the job, now, and tells what came of it. */
  @Post(':id/test-delivery')
  @HttpCode(200)
  async testDelivery(
    @Param('id') id: string,
    @Body(NO_FIELDS) _: JobActionDto,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const { job } = await this.jobs.get(id, owner);
    return { object: 'list', data: await this.tests.send(job), has_more: false, next: null };
  }

  @Get(':id/runs')
  async runs(
    @Param('id') id: string,
    @Query(dto(JobRunListQuery)) { limit, after }: JobRunListQuery,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const page = after === undefined ? { limit } : { limit, after: parseJobRunCursor(after) };
    const { runs, hasMore } = await this.jobs.runs({ id, owner }, page);
    const last = runs.at(-1);
    return jobPage('runs', runs.map(jobRunObject), hasMore && last ? jobRunCursor(last) : null);
  }

  @Get(':id/next')
  async next(
    @Param('id') id: string,
    @Query(dto(NextRunsQuery)) { count }: NextRunsQuery,
    @Owner() owner: string,
  ): Promise<JsonObject> {
    const { job } = await this.jobs.get(id, owner);
    return { timezone: job.timezone, next: nextRuns(job, count).map(isoTime) };
  }

  /** A bound of the cost needs a model with a price. */
  private async assertPriced(model: string | null, { max_cost: own, job_max_cost: all }: Costs): Promise<void> {
    if (own === undefined && all === undefined) return;
    const param = own === undefined ? 'job_max_cost' : 'max_cost';
    await this.models.assertPriced(await this.models.resolve(model), param);
  }

  /** A change of the bound needs a price of the job's model, and a change of the model a price for its bound. */
  private async assertStillPriced(id: string, owner: string, { asked, cleared, model }: PricedChange): Promise<void> {
    const { max_cost, job_max_cost } = asked;
    if (max_cost === undefined && job_max_cost === undefined && model === undefined) return;
    const { job } = await this.jobs.get(id, owner);
    const kept = (field: string, value: number | undefined): number | undefined =>
      cleared.has(field) ? undefined : value;
    await this.assertPriced(model === undefined ? job.model : model, {
      max_cost: max_cost ?? kept('max_cost', job.maxCost),
      job_max_cost: job_max_cost ?? kept('job_max_cost', job.jobMaxCost),
    });
  }
}

type Costs = { readonly max_cost?: number | undefined; readonly job_max_cost?: number | undefined };

interface PricedChange {
  readonly asked: PatchJobDto;
  readonly cleared: ReadonlySet<string>;
  /** undefined: the model stays. */
  readonly model: string | null | undefined;
}

/** The fields that PATCH accepts, in the order in which errors list them. */
const PATCHABLE = [
  ...['name', 'schedule', 'prompt', 'deliver', 'skills', 'skill', 'repeat', 'enabled', 'timezone', 'model', 'tools'],
  ...['misfire', 'overlap', 'retry', 'jitter_seconds', 'end_at', 'max_cost', 'job_max_cost'],
];

/** A page as every own list has it, and its rows under the name that the reference has for them. */
const jobPage = (name: 'jobs' | 'runs', data: readonly JsonObject[], next: string | null): JsonObject => ({
  object: 'list',
  data,
  [name]: data,
  has_more: next !== null,
  next,
});

const warned = (warnings: readonly string[]): JsonObject => (warnings.length > 0 ? { warnings } : {});

const shown = (view: JobView): JsonObject => jobObject(view, describeSchedule(view.job.schedule));
