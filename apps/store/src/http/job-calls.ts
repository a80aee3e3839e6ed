import { GatewayError, isJsonObject, type JobStore, type JsonObject } from '#libs/contract';

type Call = (jobs: JobStore, query: never) => Promise<unknown>;

/** One entry per method of the port; what each argument must at least be is checked before the call. */
const CALLS: { readonly [M in keyof JobStore]: { readonly shape: readonly string[]; readonly call: Call } } = {
  insert: { shape: ['job.id', 'job.owner', 'jobsMax'], call: (jobs, query) => jobs.insert(query) },
  view: { shape: ['id'], call: (jobs, query) => jobs.view(query) },
  list: { shape: ['owner', 'limit'], call: (jobs, query) => jobs.list(query) },
  update: { shape: ['job.id', 'job.owner', 'job.version', 'jobsMax'], call: (jobs, query) => jobs.update(query) },
  remove: { shape: ['id'], call: (jobs, query) => jobs.remove(query) },
  runs: { shape: ['jobId', 'limit'], call: (jobs, query) => jobs.runs(query) },
  due: { shape: ['limit'], call: (jobs, query) => jobs.due(query) },
  claim: { shape: ['claims[].job.id', 'claims[].job.version'], call: (jobs, query) => jobs.claim(query) },
  work: { shape: ['kind', 'limit'], call: (jobs, query) => jobs.work(query) },
  change: { shape: ['changes[].run.runId', 'changes[].run.version'], call: (jobs, query) => jobs.change(query) },
};

/** Calls one method of the port with what came over the wire. Throws GatewayError `not_found` or `invalid_request`. */
export function callJobStore(jobs: JobStore, method: string, query: unknown): Promise<unknown> {
  const found = Object.hasOwn(CALLS, method) ? CALLS[method as keyof JobStore] : undefined;
  if (!found) throw new GatewayError('not_found', 'There is no such call.');
  const missing = found.shape.find((path) => !isThere(query, path.split('.')));
  if (missing !== undefined) throw new GatewayError('invalid_request', `${missing} is required.`, { param: missing });
  return found.call(jobs, query as never);
}

function isThere(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return typeof value === 'string' || typeof value === 'number';
  if (!isJsonObject(value)) return false;
  if (!key.endsWith('[]')) return isThere(own(value, key), rest);
  const list: unknown = own(value, key.slice(0, -2));
  return Array.isArray(list) && list.every((item) => isThere(item, rest));
}

const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);
