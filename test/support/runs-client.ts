import { dataLines, openAnswer } from './sse.js';
import type { Service, Stack } from './stack.js';
import { until } from './until.js';

export interface RunView {
  readonly run_id: string;
  readonly status: string;
  readonly attempt: number;
  readonly output: string;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly approval: { readonly request_id: string; readonly tool: string; readonly expires_at: number } | null;
  readonly approvals: readonly { readonly request_id: string; readonly call_id: string }[];
  readonly pending_steer: string | null;
  readonly items: readonly Record<string, unknown>[];
  readonly error: { readonly code: string } | null;
}

export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** The runs API as a client uses it; `replica` picks the API process. */
export interface RunsClient {
  post(path: string, body: object, replica?: number, headers?: Record<string, string>): Promise<Answered>;
  get(path: string, replica?: number): Promise<Answered>;
  /** POST /v1/runs; its id. */
  start(body: object, replica?: number): Promise<string>;
  view(runId: string, replica?: number): Promise<RunView>;
  /** Waits until the run has this status. */
  reach(runId: string, status: string, ms?: number): Promise<RunView>;
  approve(runId: string, fields: object, replica?: number): Promise<Answered>;
  /** All events of the run, read to the end. */
  events(runId: string, replica?: number): Promise<Record<string, unknown>[]>;
}

export function runsClient(stack: Pick<Stack, 'apis'> | { readonly apis: () => readonly Service[] }): RunsClient {
  const apis = (): readonly Service[] => (typeof stack.apis === 'function' ? stack.apis() : stack.apis);
  const url = (path: string, replica: number): string => `${apis()[replica]?.url}${path}`;
  const read = async (answer: Response): Promise<Answered> => ({
    status: answer.status,
    body: (await answer.json()) as Record<string, unknown>,
    headers: answer.headers,
  });
  const client: RunsClient = {
    async post(path, body, replica = 0, headers = {}) {
      const all = { 'content-type': 'application/json', ...headers };
      return read(await fetch(url(path, replica), { method: 'POST', headers: all, body: JSON.stringify(body) }));
    },
    get: async (path, replica = 0) => read(await fetch(url(path, replica))),
    async start(body, replica = 0) {
      const { status, body: answer } = await client.post('/v1/runs', body, replica);
      if (status !== 202) throw new Error(`the run was not started: ${JSON.stringify(answer)}`);
      return String(answer['run_id']);
    },
    view: async (runId, replica = 1) => (await client.get(`/v1/runs/${runId}`, replica)).body as unknown as RunView,
    async reach(runId, status, ms = 40_000) {
      let view: RunView | undefined;
      await until(async () => (view = await client.view(runId, 0)).status === status, {
        ms,
        what: `${runId} to be ${status}`,
      }).catch((cause: unknown) => {
        throw new Error(`still ${JSON.stringify(view)}`, { cause });
      });
      return view as RunView;
    },
    approve: (runId, fields, replica = 1) => client.post(`/v1/runs/${runId}/approval`, fields, replica),
    async events(runId, replica = 0) {
      const answer = await openAnswer(url(`/v1/runs/${runId}/events`, replica));
      return dataLines(await answer.whole).map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
  return client;
}
