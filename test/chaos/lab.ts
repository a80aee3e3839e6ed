import { isTerminal, type EventOf, type LoggedEvent } from '#libs/contract';
import { Redis } from 'ioredis';
import { setMaxListeners } from 'node:events';
import { readLog } from '../support/read-log.js';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { startStack, type Service, type ServiceName, type Stack, type StackOptions } from '../support/stack.js';
import { until } from '../support/until.js';
import { audit, type Audit, type Watched } from './audit.js';
import { Crew } from './crew.js';
import { Reading } from './reading.js';
import { submit, type SubmitOptions } from './submit.js';

export interface LabOptions extends StackOptions {
  /** After so long everything that waits in the row rejects. */
  readonly secondsMax?: number;
}

let postgres: Promise<TestPostgres> | undefined;

/**
 * One server for all deployments of this process: an embedded database each would take longer to start than to break.
 */
export const sharedPostgres = (): Promise<TestPostgres> => (postgres ??= startPostgres());

export async function stopPostgres(): Promise<void> {
  await (await postgres)?.stop();
}

/** A deployment to break, clients that use it meanwhile, and the audit of what they were told. */
export class Lab {
  readonly crew: Crew;
  readonly redis: Redis;
  readonly watched: Watched[] = [];
  readonly endings: Promise<unknown>[] = [];

  private constructor(
    readonly stack: Stack,
    readonly upstream: FakeUpstream,
    readonly signal: AbortSignal,
  ) {
    this.crew = new Crew(stack);
    this.redis = new Redis(stack.redis.url, { maxRetriesPerRequest: null, connectionName: 'auditor' });
    this.redis.on('error', () => undefined);
  }

  /** Runs `work` in a deployment of its own and leaves nothing of it behind. */
  static async with<T>(options: LabOptions, work: (lab: Lab) => Promise<T>): Promise<T> {
    const { secondsMax = 120, env, ...stackOptions } = options;
    const upstream = await startFakeUpstream();
    let lab: Lab | undefined;
    try {
      const every = {
        OPENAI_BASE_URL: `${upstream.url}/v1`,
        MODELS_UNKNOWN: 'passthrough',
        TOOLS: '',
        DATABASE_URL: await (await sharedPostgres()).createDatabase(),
      };
      const stack = await startStack({ ...stackOptions, env: { ...every, ...env } });
      const signal = AbortSignal.timeout(secondsMax * 1_000);
      setMaxListeners(0, signal);
      lab = new Lab(stack, upstream, signal);
      return await work(lab);
    } finally {
      lab?.redis.disconnect();
      await lab?.stack.stop();
      await upstream.stop();
    }
  }

  readonly addresses = (): string[] => this.crew.of('api').map(({ url }) => url);

  /** Starts runs with listeners each (default 2, on different replicas); resolves when all were accepted. */
  async load(
    count: number,
    options: Omit<SubmitOptions, 'signal'> & { readonly listeners?: number },
  ): Promise<Watched[]> {
    return Promise.all(Array.from({ length: count }, () => this.start(options)));
  }

  /** One run with its listeners. */
  async start(options: Omit<SubmitOptions, 'signal'> & { readonly listeners?: number }): Promise<Watched> {
    const { listeners = 2 } = options;
    const run = await submit(this.addresses, { ...options, signal: this.signal });
    const readings = Array.from({ length: listeners }, (_, i) => new Reading(run.runId, this.addresses, i));
    for (const reading of readings) {
      const end = reading.toEnd(this.signal);
      end.catch(() => undefined); // Told by whoever awaits `endings`.
      this.endings.push(end);
    }
    const watched = { run, readings };
    this.watched.push(watched);
    return watched;
  }

  /** Resolves when every listener has read its run to the end. */
  async allEnded(): Promise<void> {
    try {
      await Promise.all(this.endings);
    } catch {
      const open = this.watched.filter(({ readings }) => readings.some((reading) => !reading.ended));
      const [first] = open;
      throw new Error(
        `${open.length} of ${this.watched.length} runs were not read to their end, as ${first?.run.runId}`,
      );
    }
  }

  /** Resolves when each of these runs has said a word. */
  async allSpeak(watched: readonly Watched[] = this.watched): Promise<void> {
    const speaks = ({ readings }: Watched): boolean =>
      readings.every((reading) => reading.frames.some(({ data }) => data.startsWith('{"event":"message.delta"')));
    await until(() => watched.every(speaks), { ms: 60_000, everyMs: 50, what: 'every run to say a word' });
  }

  /** The worker that has this run, by the last start in its log. */
  async workerOf(runId: string): Promise<Service> {
    const starts = startsIn(await this.log(runId));
    const worker = this.crew.workerNamed(starts.at(-1)?.worker ?? '');
    if (!worker) throw new Error(`no living worker has ${runId}`);
    return worker;
  }

  log(runId: string): Promise<LoggedEvent[]> {
    return readLog(this.redis, runId);
  }

  async ready(name: ServiceName): Promise<boolean> {
    const states = this.crew.of(name).map(async ({ url }) => {
      const health = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(4_000) });
      return health.ok;
    });
    return (await Promise.all(states.map((state) => state.catch(() => false)))).every(Boolean);
  }

  audit(): Promise<Audit> {
    return audit(this.redis, this.watched);
  }
}

type Started = EventOf<'run.started'> & LoggedEvent;

export function startsIn(log: readonly LoggedEvent[]): Started[] {
  return log.filter((event): event is Started => event.type === 'run.started');
}

/** Seconds from the moment of a fault to each later start of one of these runs. */
export async function recoveries(lab: Lab, runIds: readonly string[], faultAt: number): Promise<number[]> {
  const logs = await Promise.all(runIds.map((runId) => lab.log(runId)));
  return logs.flatMap((log) => {
    const again = startsIn(log).find((event) => event.attempt > 1 && event.at >= faultAt);
    return again ? [(again.at - faultAt) / 1_000] : [];
  });
}

export const endOf = (log: readonly LoggedEvent[]): string => {
  const last = log.at(-1);
  return last && isTerminal(last) ? last.type : 'no end';
};
