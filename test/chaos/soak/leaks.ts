import { existsSync } from 'node:fs';
import { LIMITS } from '#libs/contract';
import { until } from '../../support/until.js';
import type { Lab } from '../lab.js';
import type { Load } from './load.js';

const KEYS_AT_ONCE = 500;

/** Everything that should be gone, or should be there, after a soak, and is not. */
export async function findLeaks(lab: Lab, load: Load, pidsBefore: readonly number[]): Promise<string[]> {
  return [
    ...(await unendedLogs(lab, load)),
    ...(await unknownRuns(lab, load)),
    ...(await leakedKeys(lab)),
    ...(await openJobs(lab)),
    ...(await openConnections(lab)),
    ...processes(lab, pidsBefore),
    ...(lab.upstream.active > 0 ? [`${lab.upstream.active} calls of the upstream are open`] : []),
  ];
}

/** A log that has grown since its audit was written to by somebody who should have been fenced. */
async function unendedLogs(lab: Lab, load: Load): Promise<string[]> {
  const problems: string[] = [];
  for (const [runId, { events }] of load.runs) {
    const now = await lab.redis.xlen(`talaria:{${runId}}:log`);
    if (now !== events) problems.push(`${runId} had ${events} events at its end and has ${now} now`);
  }
  return problems;
}

/** Runs that were opened for requests whose answer was lost: nobody reads them, but they have to end, too. */
async function unknownRuns(lab: Lab, load: Load): Promise<string[]> {
  const metas = await keysOf(lab, 'talaria:{run_*}:meta');
  const others = metas.filter((key) => !load.runs.has(key.slice('talaria:{'.length, -'}:meta'.length)));
  const ended = await Promise.all(others.map((key) => lab.redis.hget(key, 'term')));
  const open = others.filter((_, i) => ended[i] !== '1');
  return open.map((key) => `${key} was opened and has no end`);
}

async function leakedKeys(lab: Lab): Promise<string[]> {
  const problems: string[] = [];
  const unconfirmed = await lab.redis.zcard('talaria:runs:unconfirmed');
  if (unconfirmed > 0) problems.push(`${unconfirmed} runs were never confirmed by the store`);
  const lasting = new Set(['talaria:workers:info', 'talaria:workers:seen']);
  const keys = (await keysOf(lab, 'talaria:*')).filter((key) => !lasting.has(key));
  const ttls = await Promise.all(keys.map((key) => lab.redis.ttl(key)));
  const eternal = keys.filter((_, i) => ttls[i] === -1);
  const late = keys.filter((key, i) => key.includes('{run_') && (ttls[i] ?? 0) > LIMITS.runLogTtlSeconds);
  if (eternal.length > 0) problems.push(`${eternal.length} keys never expire, as ${eternal[0]}`);
  if (late.length > 0) problems.push(`${late.length} logs expire too late, as ${late[0]}`);
  const locks = await keysOf(lab, '{talaria}:*:lock');
  if (locks.length > 0) problems.push(`${locks.length} locks are held`);
  return problems;
}

async function openJobs(lab: Lab): Promise<string[]> {
  const rows = await Promise.all(
    ['runs', 'persist'].flatMap((queue) => [
      lab.redis.llen(`{talaria}:${queue}:active`),
      lab.redis.llen(`{talaria}:${queue}:wait`),
      lab.redis.zcard(`{talaria}:${queue}:prioritized`),
      lab.redis.zcard(`{talaria}:${queue}:delayed`),
    ]),
  );
  const open = rows.reduce((sum, count) => sum + count, 0);
  return open > 0 ? [`${open} jobs are left in the queues: ${rows.join(' ')}`] : [];
}

/** The services may have as many connections as those of a fresh deployment, and no more. */
async function openConnections(lab: Lab): Promise<string[]> {
  const max = lab.crew.alive.length * CONNECTIONS_PER_SERVICE_MAX;
  const count = async (): Promise<number> =>
    String(await lab.redis.client('LIST'))
      .trim()
      .split('\n').length - 1;
  await until(async () => (await count()) <= max, { ms: 10_000, what: 'connections' }).catch(() => undefined);
  const now = await count();
  return now > max ? [`${now} connections to Redis for ${lab.crew.alive.length} services`] : [];
}

/** A worker has most: two of its own, and two for each of its fetchers. */
const CONNECTIONS_PER_SERVICE_MAX = 10;

function processes(lab: Lab, pidsBefore: readonly number[]): string[] {
  const alive = new Set(lab.crew.alive.map(({ pid }) => pid));
  const left = pidsBefore.filter((pid) => !alive.has(pid) && existsSync(`/proc/${pid}`));
  return left.length > 0 ? [`processes are left: ${left.join()}`] : [];
}

async function keysOf(lab: Lab, pattern: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, some] = await lab.redis.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_AT_ONCE);
    some.forEach((key) => keys.add(key));
    cursor = next;
  } while (cursor !== '0');
  return [...keys];
}
