import {
  GatewayError,
  isJsonObject,
  type JsonValue,
  type RunSnapshot,
  type RunStatus,
  type StoredRuns,
  type Turn,
} from '#libs/contract';
import { storeRequests, type StoreAddress } from './store-request.js';

export interface RunListQuery {
  readonly owner: string;
  readonly status?: RunStatus;
  readonly sessionId?: string;
  readonly jobId?: string;
  /** 1 to 100. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Finished runs. All reject with GatewayError `unavailable` when the store cannot be asked. */
export interface StoreClient extends StoredRuns {
  /** Hides the run from `run` and `runs`, now and when its row is yet to come. */
  deleteRun(runId: string): Promise<void>;
  /** An owner's runs, newest first. */
  runs(query: RunListQuery): Promise<{ readonly runs: readonly RunSnapshot[]; readonly next?: string }>;
}

/** The store over its internal HTTP API. */
export function storeClient(address: StoreAddress): StoreClient {
  const request = storeRequests(address);
  const get = (path: string): Promise<JsonValue | undefined> => request({ method: 'GET', path });
  return {
    async run(runId) {
      const answer = await get(`/internal/runs/${encodeURIComponent(runId)}`);
      return answer === undefined ? undefined : checked(answer, isSnapshot);
    },
    async turns(runId, limit) {
      const query = limit === undefined ? '' : `?limit=${limit}`;
      const answer = (await get(`/internal/runs/${encodeURIComponent(runId)}/turns${query}`)) ?? [];
      return checked(answer, (value): value is readonly Turn[] => Array.isArray(value) && value.every(isTurn));
    },
    async deleteRun(runId) {
      await request({ method: 'DELETE', path: `/internal/runs/${encodeURIComponent(runId)}` });
    },
    async runs({ owner, status, sessionId, jobId, limit, after }) {
      const query = new URLSearchParams({ owner, limit: String(limit) });
      const rest = { status, session: sessionId, job: jobId, after };
      for (const [name, value] of Object.entries(rest)) if (value !== undefined) query.set(name, value);
      return checked((await get(`/internal/runs?${query.toString()}`)) ?? null, isPage);
    },
  };
}

type Check<T> = (value: unknown) => value is T;

function checked<T>(value: JsonValue, isRight: Check<T>): T {
  const answer: unknown = value;
  if (isRight(answer)) return answer;
  throw new GatewayError('unavailable', 'The store gave an answer that cannot be read.', { retryAfterSeconds: 2 });
}

const isSnapshot: Check<RunSnapshot> = (value): value is RunSnapshot =>
  isJsonObject(value) &&
  ['runId', 'owner', 'protocol', 'model', 'status'].every((key) => typeof value[key] === 'string') &&
  typeof value['lastSeq'] === 'number' &&
  Array.isArray(value['items']) &&
  Array.isArray(value['steps']);

const isTurn = (value: unknown): boolean => isJsonObject(value) && isSnapshot(value['snapshot']);

const isPage: Check<{ runs: RunSnapshot[]; next?: string }> = (value): value is { runs: RunSnapshot[] } =>
  isJsonObject(value) && Array.isArray(value['runs']) && value['runs'].every((run) => isSnapshot(run));
