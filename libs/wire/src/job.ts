export type ScheduleObject =
  | { readonly kind: 'once'; readonly run_at: string | null; readonly display: string }
  | { readonly kind: 'interval'; readonly minutes: number; readonly display: string }
  | { readonly kind: 'cron'; readonly expr: string; readonly display: string };

export type JobState = 'scheduled' | 'paused' | 'completed' | 'error';

/** A cron job as the record of the Hermes jobs API; times are ISO 8601 in UTC. */
export type JobObject = {
  readonly id: string;
  readonly name: string;
  readonly prompt: string;
  readonly skills: readonly string[];
  readonly skill: null;
  readonly model: string | null;
  readonly provider: null;
  readonly base_url: null;
  readonly script: null;
  readonly schedule: ScheduleObject;
  readonly schedule_display: string;
  readonly repeat: { readonly times: number | null; readonly completed: number };
  readonly enabled: boolean;
  readonly state: JobState;
  readonly paused_at: string | null;
  readonly paused_reason: string | null;
  readonly created_at: string | null;
  readonly next_run_at: string | null;
  readonly last_run_id: string | null;
  readonly last_run_at: string | null;
  readonly last_status: 'ok' | 'error' | null;
  readonly last_error: string | null;
  readonly last_delivery_error: string | null;
  readonly deliver: string;
  readonly origin: { readonly platform: string; readonly chat_id: string };
  readonly enabled_toolsets: readonly string[] | null;
  readonly timezone: string;
  readonly tools: readonly string[] | null;
  readonly misfire: string;
  readonly overlap: string;
  readonly retry: { readonly attempts: number; readonly backoff: number };
  readonly jitter_seconds: number;
  readonly end_at: string | null;
  /** Most that each of its runs, and all of them together, may cost; null: no bound. */
  readonly max_cost: number | null;
  readonly job_max_cost: number | null;
};

/** One entry of a job's history. */
export type JobRunEntry = {
  readonly run_id: string | null;
  readonly attempt: number;
  readonly status: string;
  readonly manual: boolean;
  readonly misfire: boolean;
  readonly scheduled_for: string | null;
  readonly claimed_at: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly output: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly deliveries: readonly {
    readonly target: string;
    readonly status: string;
    readonly attempts: number;
    readonly error: string | null;
    readonly at: string | null;
    readonly next_attempt_at: string | null;
  }[];
};

/** The answer of POST /api/jobs/preview. */
export type SchedulePreviewObject = {
  readonly schedule: ScheduleObject;
  readonly schedule_display: string;
  readonly timezone: string;
  readonly next: readonly (string | null)[];
};
