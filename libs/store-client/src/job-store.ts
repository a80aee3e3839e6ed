import { GatewayError, isJsonObject, type JobStore, type JsonValue } from '#libs/contract';
import { storeRequests, type StoreAddress } from './store-request.js';

/** The rows of jobs behind the store service: POST {url}/internal/jobs/<method>. Rejects as `storeRequests` says. */
export function httpJobStore(address: StoreAddress): JobStore {
  const request = storeRequests(address);
  const call = async (method: keyof JobStore, query: unknown): Promise<JsonValue | undefined> => {
    const answer = await request({ method: 'POST', path: `/internal/jobs/${method}`, body: query });
    if (isJsonObject(answer) && answer['result'] !== undefined) return answer['result'] ?? undefined;
    throw new GatewayError('unavailable', 'The store gave an answer that cannot be read.', { retryAfterSeconds: 2 });
  };
  const methodOf =
    <M extends keyof JobStore>(method: M) =>
    async (query: Parameters<JobStore[M]>[0]): Promise<Awaited<ReturnType<JobStore[M]>>> =>
      (await call(method, query)) as unknown as Awaited<ReturnType<JobStore[M]>>;
  return {
    insert: methodOf('insert'),
    view: methodOf('view'),
    list: methodOf('list'),
    update: methodOf('update'),
    remove: methodOf('remove'),
    runs: methodOf('runs'),
    due: methodOf('due'),
    claim: methodOf('claim'),
    work: methodOf('work'),
    change: methodOf('change'),
  };
}
