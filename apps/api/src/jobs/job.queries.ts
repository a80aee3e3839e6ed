import { JOB_LIMITS } from '#libs/contract';
import { Described, IsIntegerBetween, IsString, IsTrueOrFalse } from '#libs/protocols';

/** The query of GET /api/jobs. */
export class JobListQuery {
  @IsTrueOrFalse()
  include_disabled: boolean = false;

  @IsIntegerBetween(1, JOB_LIMITS.pageJobsMax)
  limit: number = JOB_LIMITS.pageJobsDefault;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of GET /api/jobs/{id}/runs. */
export class JobRunListQuery {
  @IsIntegerBetween(1, JOB_LIMITS.pageRunsMax)
  limit: number = JOB_LIMITS.pageRunsDefault;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of GET /api/jobs/{id}/next. */
export class NextRunsQuery {
  @IsIntegerBetween(1, JOB_LIMITS.nextCountMax)
  count: number = JOB_LIMITS.nextCountDefault;
}
