import { RUN_STATUSES, type RunStatus } from '#libs/contract';
import { Described, IsIntegerBetween, IsOneOf, IsString, Rule } from '#libs/protocols';
import { API_LIMITS } from '../words/api-limits.js';

/** The query of GET /v1/runs. */
export class RunListQuery {
  @IsIntegerBetween(1, API_LIMITS.runsPageMax)
  limit: number = API_LIMITS.runsPage;

  @IsOneOf(...RUN_STATUSES)
  status?: RunStatus;

  @IsString()
  session_id?: string;

  @IsString()
  @Described('Shorter name of session_id.')
  session?: string;

  @IsString()
  job_id?: string;

  @IsString()
  @Described('Shorter name of job_id.')
  job?: string;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of GET /v1/approvals/pending. */
export class PendingApprovalsQuery {
  @IsIntegerBetween(1, API_LIMITS.pendingPageMax)
  limit: number = API_LIMITS.pendingPage;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

const SEQ_PROBLEM = 'must be the seq of an event: 0, 1, 2 ...';

/** The query of GET /v1/runs/{id}/events. */
export class RunEventsQuery {
  @IsString()
  @Described('as Last-Event-ID')
  after_event_id?: string;

  @Rule(Number.isSafeInteger, SEQ_PROBLEM, 'invalid_cursor', { type: 'integer', minimum: 0 })
  after_seq?: number;
}
