import { JOB_LIMITS, LIMITS, type JsonObject } from '#libs/contract';
import { IsIntegerBetween, IsList, IsObject, IsOneOf, IsText, IsTrueOrFalse, Required, Rule } from '../dto-rules.js';
import { HasElementsUpTo } from '../dto-rules.js';

const ZONE_CHARS_MAX = 64;

const isNothing = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);
const isTextOrList = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
const isNotBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() !== '';
const NO_SKILLS = 'is not supported: this gateway has no skills. Put what is to be done into the prompt.';

/**
 * What can be said of a job both when it is made and later. Texts of schedule, zone and targets are judged by what
 * reads them.
 */
class JobFieldsDto {
  @IsTrueOrFalse()
  enabled?: boolean;

  @Rule(isTextOrList, 'must be a string or an array of strings.')
  deliver?: string | readonly unknown[];

  /** How often it runs; null: for ever. */
  @IsIntegerBetween(1, JOB_LIMITS.repeatTimesMax)
  repeat?: number;

  /** IANA name of the zone in which local times are read. */
  @IsText(ZONE_CHARS_MAX)
  timezone?: string;

  @IsText(LIMITS.modelNameCharsMax)
  model?: string;

  /** The server tools that its runs may use; null: all, []: none. */
  @IsList()
  @HasElementsUpTo(JOB_LIMITS.toolNamesMax)
  tools?: readonly unknown[];

  @IsOneOf('skip', 'run_once')
  misfire?: 'skip' | 'run_once';

  @IsOneOf('skip', 'queue', 'cancel_previous')
  overlap?: 'skip' | 'queue' | 'cancel_previous';

  @IsObject()
  retry?: JsonObject;

  @IsIntegerBetween(0, JOB_LIMITS.jitterSecondsMax)
  jitter_seconds?: number;

  /** A time, as a schedule has it; null: never. */
  @IsText(JOB_LIMITS.scheduleCharsMax)
  end_at?: string;

  @Rule(isNothing, NO_SKILLS, 'unsupported_parameter')
  skills?: readonly [];

  @Rule(isNothing, NO_SKILLS, 'unsupported_parameter')
  skill?: '';
}

/** The body of POST /api/jobs. Unknown fields are ignored. */
export class CreateJobDto extends JobFieldsDto {
  @Required()
  @IsText(JOB_LIMITS.nameCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  name: string;

  @Required()
  @IsText(JOB_LIMITS.scheduleCharsMax)
  schedule: string;

  @Required()
  @IsText(JOB_LIMITS.promptCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  prompt: string;
}

/** The body of PATCH /api/jobs/{id}: what is not there stays as it is. */
export class PatchJobDto extends JobFieldsDto {
  @IsText(JOB_LIMITS.nameCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  name?: string;

  @IsText(JOB_LIMITS.scheduleCharsMax)
  schedule?: string;

  @IsText(JOB_LIMITS.promptCharsMax)
  @Rule(isNotBlank, 'must not be blank.')
  prompt?: string;
}

/** The body of POST /api/jobs/preview. */
export class PreviewJobDto {
  @Required()
  @IsText(JOB_LIMITS.scheduleCharsMax)
  schedule: string;

  @IsText(ZONE_CHARS_MAX)
  timezone?: string;

  @IsIntegerBetween(1, JOB_LIMITS.nextCountMax)
  count?: number;
}

/** The body of POST /api/jobs/{id}/pause; it may be empty. */
export class PauseJobDto {
  @IsText(JOB_LIMITS.reasonCharsMax)
  reason?: string;
}
