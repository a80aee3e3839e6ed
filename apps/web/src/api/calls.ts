import type {
  ApprovalWord,
  Capabilities,
  ChatMessage,
  JobObject,
  JobRunEntry,
  ModelObject,
  Page,
  PendingApproval,
  RunObject,
  RunSummary,
  SchedulePreviewObject,
  ServiceReport,
  SessionObject,
  TurnFacts,
  TurnObject,
  UpstreamObject,
} from '#libs/wire';
import { apiKey, keyHeaders } from './key.js';
import { request } from './request.js';

const path = (strings: TemplateStringsArray, ...parts: readonly string[]): string =>
  strings.reduce((whole, text, i) => whole + encodeURIComponent(parts[i - 1] ?? '') + text);

export interface SessionListAnswer {
  readonly data: readonly SessionObject[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

export interface NewRun {
  readonly model?: string;
  readonly sessionId: string;
  readonly input: readonly ChatMessage[];
  /** The same for every try of one message: a lost answer never makes a second run. */
  readonly idempotencyKey: string;
}

/** What the form of a job sends; the API has more fields, which keep their values. */
export interface JobDraft {
  readonly name: string;
  readonly prompt: string;
  readonly schedule: string;
  readonly timezone: string;
  readonly model?: string;
  readonly deliver: string;
}

export interface RunFilter {
  readonly status?: string;
  readonly session?: string;
  readonly job?: string;
}

const TURNS_PAGE = 30;
const RUNS_PAGE = 50;

/** What the page asks of the API. All reject with ApiError. */
export const api = {
  capabilities: () => request<Capabilities>('/v1/capabilities'),
  models: () => request<{ readonly data: readonly ModelObject[] }>('/v1/models'),
  sessions: (search: string, after?: string) =>
    request<SessionListAnswer>(`/api/sessions?${query({ limit: '50', q: search, after })}`),
  session: (id: string) => request<SessionObject & TurnFacts>(path`/api/sessions/${id}`),
  /** The newest first. @param after `next` of the page before. */
  turns: (id: string, after?: string, limit = TURNS_PAGE) =>
    request<Page<TurnObject>>(`${path`/api/sessions/${id}/turns`}?${query({ limit: String(limit), after })}`),
  rename: (id: string, title: string) =>
    request<SessionObject>(path`/api/sessions/${id}`, { method: 'PATCH', body: { title } }),
  deleteSession: (id: string) => request<unknown>(path`/api/sessions/${id}`, { method: 'DELETE' }),
  fork: (id: string, runId: string | undefined) =>
    request<SessionObject>(path`/api/sessions/${id}/fork`, {
      method: 'POST',
      body: runId === undefined ? {} : { run_id: runId },
    }),
  runs: ({ status, session, job }: RunFilter, after?: string, limit = RUNS_PAGE) =>
    request<Page<RunSummary>>(
      `/v1/runs?${query({ limit: String(limit), status, session_id: session, job_id: job, after })}`,
    ),
  run: (id: string) => request<RunObject>(path`/v1/runs/${id}`),
  turn: (id: string) => request<TurnObject>(path`/v1/runs/${id}/turn`),
  startRun: ({ model, sessionId, input, idempotencyKey }: NewRun) =>
    request<{ readonly run_id: string }>('/v1/runs', {
      method: 'POST',
      headers: { 'idempotency-key': idempotencyKey },
      body: { session_id: sessionId, input, ...(model !== undefined && { model }) },
    }),
  /** A new run that continues the first `steps` steps of this one. */
  rerun: (id: string, steps: number, idempotencyKey: string) =>
    request<{ readonly run_id: string }>(path`/v1/runs/${id}/rerun`, {
      method: 'POST',
      headers: { 'idempotency-key': idempotencyKey },
      body: { steps },
    }),
  stop: (id: string) => request<unknown>(path`/v1/runs/${id}/stop`, { method: 'POST', body: {} }),
  steer: (id: string, text: string) => request<unknown>(path`/v1/runs/${id}/steer`, { method: 'POST', body: { text } }),
  approve: (id: string, requestId: string, choice: ApprovalWord) =>
    request<unknown>(path`/v1/runs/${id}/approval`, { method: 'POST', body: { choice, request_id: requestId } }),
  answer: (id: string, requestId: string, answers: unknown) =>
    request<unknown>(path`/v1/runs/${id}/approval`, {
      method: 'POST',
      body: { choice: 'once', request_id: requestId, answers },
    }),
  pending: () => request<{ readonly data: readonly PendingApproval[] }>('/v1/approvals/pending'),
  report: () => request<ServiceReport>('/health/detailed'),
  /** Of the whole deployment, for keys of admins; null for others. */
  upstreams: async (): Promise<readonly UpstreamObject[] | null> => {
    const key = apiKey.get();
    if (key === undefined) return null;
    const answer = await fetch('/internal/upstreams', { headers: keyHeaders(key), cache: 'no-store' });
    return answer.ok ? ((await answer.json()) as { readonly data: readonly UpstreamObject[] }).data : null;
  },
};

/** The same for cron jobs. */
export const jobsApi = {
  list: (after?: string) =>
    request<{ readonly jobs: readonly JobObject[]; readonly next: string | null }>(
      `/api/jobs?${query({ include_disabled: 'true', after })}`,
    ),
  get: async (id: string) => (await request<{ readonly job: JobObject }>(path`/api/jobs/${id}`)).job,
  create: (draft: JobDraft, idempotencyKey: string) =>
    request<{ readonly job: JobObject }>('/api/jobs', {
      method: 'POST',
      headers: { 'idempotency-key': idempotencyKey },
      body: draft,
    }),
  update: (id: string, draft: Partial<JobDraft>) =>
    request<{ readonly job: JobObject }>(path`/api/jobs/${id}`, { method: 'PATCH', body: draft }),
  remove: (id: string) => request<unknown>(path`/api/jobs/${id}`, { method: 'DELETE' }),
  act: (id: string, verb: 'pause' | 'resume' | 'run') =>
    request<{ readonly job: JobObject }>(`${path`/api/jobs/${id}`}/${verb}`, { method: 'POST', body: {} }),
  history: (id: string, after?: string) =>
    request<{ readonly runs: readonly JobRunEntry[]; readonly next: string | null }>(
      `${path`/api/jobs/${id}/runs`}?${query({ after })}`,
    ),
  preview: (schedule: string, timezone: string) =>
    request<SchedulePreviewObject>('/api/jobs/preview', { method: 'POST', body: { schedule, timezone } }),
};

function query(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given as [string, string][]).toString();
}
