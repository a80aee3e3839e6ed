import { JOB_LIMITS, LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElementsUpTo,
  IsIntegerBetween,
  IsNumberBetween,
  IsList,
  IsObject,
  IsOneOf,
  IsText,
  IsTextOrList,
  IsTrueOrFalse,
  Required,
  Rule,
} from '../dto/dto-rules.js';
import { Described, NothingElse, schemaOf } from '../dto/dto-schema.js';

const ZONE_CHARS_MAX = 64;

const isNothing = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);
const isNotBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() !== '';
const NO_SKILLS = 'is not supported: this gateway has no skills. Put what is to be done into the prompt.';

/** `retry` of a job. */
@NothingElse('is not a field of retry; attempts and backoff are.')
export class RetryDto {
  @IsIntegerBetween(0, JOB_LIMITS.retryAttemptsMax)
  attempts?: number;

  @IsIntegerBetween(1, JOB_LIMITS.retryBackoffSecondsMax)
  @Described('seconds')
  backoff?: number;
}

/**
 * The fields that a job has at its creation and later. The code that reads a schedule, a zone or a target checks its
 * text.
 */
class JobFieldsDto {
  @IsTrueOrFalse()
  enabled?: boolean;

  @IsTextOrList({ items: { type: 'string' } }, { elements: 'strings' })
  @Described({ description: 'local, webhook:https://...; several apart by commas', default: 'local' })
  deliver?: string | readonly unknown[];

  @IsIntegerBetween(1, JOB_LIMITS.repeatTimesMax)
  @Described({ nullable: true, description: 'how often; null: for ever' })
  repeat?: number;

  @IsText(ZONE_CHARS_MAX)
  @Described({ description: 'IANA name', default: 'UTC' })
  timezone?: string;

  @IsText(LIMITS.modelNameCharsMax)
  @Described({ nullable: true })
  model?: string;

  @IsList({ type: 'string' })
  @HasElementsUpTo(JOB_LIMITS.toolNamesMax)
  @Described({ nullable: true, description: 'server tools; null: all' })
  tools?: readonly unknown[];

  @IsOneOf('skip', 'run_once')
  misfire?: 'skip' | 'run_once';

  @IsOneOf('skip', 'queue', 'cancel_previous')
  @Described({ default: 'skip' })
  overlap?: 'skip' | 'queue' | 'cancel_previous';

  @IsObject(schemaOf(RetryDto))
  retry?: JsonObject;

  @IsIntegerBetween(0, JOB_LIMITS.jitterSecondsMax)
  jitter_seconds?: number;

  /** A time in the form of a schedule; null: never. */
  @IsText(JOB_LIMITS.scheduleCharsMax)
  @Described({ nullable: true })
  end_at?: string;

  @IsNumberBetween(0, LIMITS.maxCostMax)
  @Described({
    nullable: true,
    description: 'most that each run may cost, in the currency of the prices; null: no bound',
  })
  max_cost?: number;

  @IsNumberBetween(0, LIMITS.maxCostMax)
  @Described({ nullable: true, description: 'most that all runs of the job together may cost; null: no bound' })
  job_max_cost?: number;

  @Rule(isNothing, NO_SKILLS, 'unsupported_parameter')
  skills?: readonly [];

  @Rule(isNothing, NO_SKILLS, 'unsupported_parameter')
  skill?: '';
}

/** The body of POST /api/jobs. The route refuses unknown fields, but for those of the reference's records. */
export class CreateJobDto extends JobFieldsDto {
  @Required()
  @IsText(JOB_LIMITS.nameCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  name: string;

  @Required()
  @IsText(JOB_LIMITS.scheduleCharsMax)
  @Described('30m, every 2h, 0 9 * * 1-5, 2030-01-31T18:00, weekdays at 9am')
  schedule: string;

  @Required()
  @IsText(JOB_LIMITS.promptCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  prompt: string;
}

/** The body of PATCH /api/jobs/{id}. Absent fields stay unchanged. */
export class PatchJobDto extends JobFieldsDto {
  @IsText(JOB_LIMITS.nameCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  name?: string;

  @IsText(JOB_LIMITS.scheduleCharsMax)
  @Described('30m, every 2h, 0 9 * * 1-5, 2030-01-31T18:00, weekdays at 9am')
  schedule?: string;

  @IsText(JOB_LIMITS.promptCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  prompt?: string;
}

/** The body of POST /api/jobs/preview. */
@NothingElse('is not a field here; schedule, timezone and count are.')
export class PreviewJobDto {
  @Required()
  @IsText(JOB_LIMITS.scheduleCharsMax)
  @Described('30m, every 2h, 0 9 * * 1-5, 2030-01-31T18:00, weekdays at 9am')
  schedule: string;

  @IsText(ZONE_CHARS_MAX)
  timezone?: string;

  @IsIntegerBetween(1, JOB_LIMITS.nextCountMax)
  count: number = JOB_LIMITS.nextCountDefault;
}

/** The body of the other actions on a job, which take nothing; it may be absent. */
@NothingElse('is not a field here: this request has none.')
export class JobActionDto {}

/** The body of POST /api/jobs/{id}/pause; it may be empty. */
@NothingElse('is not a field here; only reason is.')
export class PauseJobDto {
  @IsText(JOB_LIMITS.reasonCharsMax)
  reason?: string;
}
