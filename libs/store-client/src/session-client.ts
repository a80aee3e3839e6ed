import { GatewayError, isJsonObject, type JsonValue, type SessionPage, type SessionRecord } from '#libs/contract';
import { storeRequests, type StoreAddress } from './store-request.js';

/** A session by its owner and name. */
export interface SessionName {
  readonly owner: string;
  readonly sessionId: string;
}

export interface SessionListQuery {
  readonly owner: string;
  /** Part of the title, in any case. */
  readonly search?: string;
  /** 1 to 100. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface SessionFork extends SessionName {
  readonly title: string | null;
  readonly from: { readonly sessionId: string; readonly runId: string; readonly runCreatedAt: number };
}

/** What the store knows of sessions. All reject with GatewayError `unavailable` when the store cannot be asked. */
export interface SessionClient {
  /** undefined: the store has no such session. */
  session(name: SessionName): Promise<SessionRecord | undefined>;
  /** An owner's sessions, those with the youngest turns first. Rejects with `invalid_cursor`. */
  sessions(query: SessionListQuery): Promise<SessionPage>;
  /** undefined: no such session. */
  renameSession(name: SessionName, title: string): Promise<SessionRecord | undefined>;
  /** A new session whose next turn continues `from.runId`. Rejects with `session_exists`. */
  forkSession(fork: SessionFork): Promise<SessionRecord>;
  /**
   * Deletes the session, and its runs created up to `upTo` (ms) with everything they hold, except those that another
   * conversation goes on from.
   * @returns the ids of the deleted runs; none when there is no such session.
   */
  deleteSession(name: SessionName, upTo: number): Promise<readonly string[]>;
}

/** Sessions over the store's internal HTTP API. */
export function sessionClient(address: StoreAddress): SessionClient {
  const request = storeRequests(address);
  const pathOf = ({ owner, sessionId }: SessionName): string =>
    `/internal/session?${new URLSearchParams({ owner, id: sessionId }).toString()}`;
  const record = (answer: JsonValue | undefined): SessionRecord | undefined =>
    answer === undefined ? undefined : checked(answer, isRecord);
  return {
    session: async (name) => record(await request({ method: 'GET', path: pathOf(name) })),
    async sessions({ owner, search, limit, after }) {
      const query = new URLSearchParams({ owner, limit: String(limit) });
      for (const [key, value] of Object.entries({ search, after })) if (value !== undefined) query.set(key, value);
      const path = `/internal/sessions?${query.toString()}`;
      return checked((await request({ method: 'GET', path })) ?? null, isPage);
    },
    renameSession: async (name, title) =>
      record(await request({ method: 'PATCH', path: pathOf(name), body: { title } })),
    async forkSession({ title, from, ...name }) {
      return checked((await request({ method: 'PUT', path: pathOf(name), body: { title, from } })) ?? null, isRecord);
    },
    async deleteSession(name, upTo) {
      const answer = await request({ method: 'DELETE', path: `${pathOf(name)}&up_to=${upTo}` });
      return checked(answer ?? null, isDeleted).runIds;
    },
  };
}

type Check<T> = (value: unknown) => value is T;

function checked<T>(value: JsonValue, isRight: Check<T>): T {
  const answer: unknown = value;
  if (isRight(answer)) return answer;
  throw new GatewayError('unavailable', 'The store gave an answer that cannot be read.', { retryAfterSeconds: 2 });
}

const isRecord = (value: unknown): value is SessionRecord =>
  isObject(value) &&
  typeof value['sessionId'] === 'string' &&
  typeof value['lastRunAt'] === 'number' &&
  isObject(value['totals']);

const isPage = (value: unknown): value is SessionPage =>
  isObject(value) && Array.isArray(value['sessions']) && value['sessions'].every(isRecord);

const isDeleted = (value: unknown): value is { runIds: readonly string[] } =>
  isObject(value) && Array.isArray(value['runIds']) && value['runIds'].every((id) => typeof id === 'string');

const isObject = (value: unknown): value is Record<string, unknown> => isJsonObject(value as JsonValue);
