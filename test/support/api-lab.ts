import { connectRedis, redisRunLog, redisWorkerRegistry } from '#libs/bus';
import type { Environment } from '#libs/config';
import { foldAll, type RunLog, type RunSnapshot, type WorkerRegistry } from '#libs/contract';
import type { Protocol } from '#libs/protocols';
import { startApi, type TestApi } from './api-app.js';
import { startRedis, type TestRedis } from './redis.js';
import { scriptedWorker, type ScriptedWorker } from './scripted-worker.js';
import { openAnswer, type Ask, type OpenAnswer } from './sse.js';
import { until } from './until.js';

export const ALICE = 'alice-key-0123456789';
export const BOB = 'bob-key-0123456789abc';

/** Some APIs in this process on one private Redis, and a hand on the log to play the worker. */
export interface ApiLab {
  readonly redis: TestRedis;
  readonly apis: readonly TestApi[];
  readonly log: RunLog;
  readonly registry: WorkerRegistry;
  /** One request, as alice unless told otherwise. */
  ask(path: string, options?: Ask & { readonly replica?: number }): Promise<OpenAnswer>;
  /** POST /v1/chat/completions. */
  chat(fields?: object, options?: Omit<Ask, 'method' | 'body'> & { readonly replica?: number }): Promise<OpenAnswer>;
  /** The run that was opened after these were known. */
  newRun(known?: ReadonlySet<string>): Promise<string>;
  /** All runs that were opened here. */
  runs(): Promise<Set<string>>;
  work(runId: string): Promise<ScriptedWorker>;
  /** The snapshot that the log of a run folds to. */
  snapshot(runId: string): Promise<RunSnapshot>;
  /** Makes the log of a run expire now. */
  expire(runId: string): Promise<void>;
  close(): Promise<void>;
}

export async function startApiLab(
  replicas: number,
  env: Environment = {},
  protocols?: readonly Protocol[],
): Promise<ApiLab> {
  const redis = await startRedis();
  const settings = {
    REDIS_URL: redis.url,
    API_KEYS: `alice:${ALICE},bob:${BOB}`,
    STORE_URL: 'http://127.0.0.1:1',
    ...env,
  };
  const apis = await Promise.all(Array.from({ length: replicas }, () => startApi(settings, protocols)));
  await until(async () => {
    const answers = await Promise.all(apis.map((api) => fetch(`${api.url}/health/ready`)));
    return answers.every((answer) => answer.ok);
  });
  const connection = connectRedis({ url: redis.url, prefix: 'talaria', role: 'worker' });
  const log = redisRunLog(connection);
  const runs = async (): Promise<Set<string>> => new Set(await log.unconfirmed(Date.now() + 60_000, 10_000));
  const ask: ApiLab['ask'] = (path, { replica = 0, headers = {}, ...rest } = {}) =>
    openAnswer(`${apis[replica]?.url}${path}`, {
      ...rest,
      headers: { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json', ...headers },
    });
  return {
    redis,
    apis,
    log,
    registry: redisWorkerRegistry(connection),
    ask,
    chat: (fields = {}, options = {}) =>
      ask('/v1/chat/completions', {
        method: 'POST',
        body: { model: 'talaria', messages: [{ role: 'user', content: 'Hello' }], ...fields },
        ...options,
      }),
    newRun: (known = new Set()) => until(async () => [...(await runs())].find((runId) => !known.has(runId))),
    runs,
    work: (runId) => scriptedWorker(log, runId),
    snapshot: async (runId) => foldAll(await log.read(runId, 0)),
    async expire(runId) {
      await connection.redis.del(connection.keys.log(runId), connection.keys.meta(runId));
    },
    async close() {
      for (const api of apis) await api.close();
      connection.close();
      await redis.stop();
    },
  };
}

/** The run an answer belongs to. */
export function runIdOf({ response }: OpenAnswer): string {
  const runId = response.headers['x-run-id'];
  if (typeof runId !== 'string') throw new Error('the answer has no X-Run-Id');
  return runId;
}
