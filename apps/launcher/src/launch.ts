import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import {
  chosenPorts,
  reachable,
  readConfig,
  resemblingSettings,
  type ReadConfig,
  type ServiceName,
} from '#libs/config';
import { Crew } from './processes/crew.js';
import { LaunchError } from './launch-error.js';
import { takeLock } from './processes/lock.js';
import { freePorts, requireFreePort } from './ports.js';
import type { Printer } from './console/print.js';
import { provideRedis } from './redis/provide-redis.js';
import { Releases } from './redis/releases.js';
import { endLeftServices, recordServices } from './processes/service-record.js';
import {
  drainSecondsOf,
  envOf,
  graceMsOf,
  requireEntries,
  serviceEnv,
  serviceOrder,
  servicesOf,
  type EntryOf,
} from './processes/services.js';
import type { StopWishes } from './processes/stop-signals.js';
import { upstreamLines } from './upstream-lines.js';
import { waitReady } from './processes/wait-ready.js';
import { compilerOrder, watchCode } from './watch.js';

export interface Launch {
  /** The folder of package.json and dist. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly printer: Printer;
  readonly wishes: StopWishes;
  readonly watch: boolean;
  readonly entryOf: EntryOf;
  /** Asks a person a question of yes or no; absent where nobody sits in front of a terminal. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/**
 * Runs Talaria until it is told to stop. Resolves with the exit code when every process it started is gone: 0 after a
 * stop, 1 when a service gave up, 130 when it was told twice. Throws LaunchError or ConfigError when it cannot start.
 */
export async function launch(options: Launch): Promise<number> {
  const { printer, wishes } = options;
  const releases = new Releases();
  const crew = new Crew(printer);
  const ending = AbortSignal.any([wishes.stop, crew.gaveUp]);
  const killAll = (): void => void crew.killAll();
  wishes.kill.addEventListener('abort', killAll);
  try {
    await start(options, { crew, releases, ending });
    await aborted(ending);
  } catch (cause) {
    // The end interrupts work under way; its errors are consequences of the end and are not reported.
    if (!ending.aborted) throw cause;
  } finally {
    if (wishes.stop.aborted) await sayStopping(printer, crew);
    await releases.all((cause) => printer.warn(`Stopping: ${String(cause)}`));
    wishes.kill.removeEventListener('abort', killAll);
  }
  if (wishes.kill.aborted) return EXIT_KILLED;
  return crew.gaveUp.aborted ? 1 : 0;
}

/** How long the services may take to say what they have under way; asked at a stop, which must not wait for it. */
const ASK_MS_MAX = 300;

/** Says what the stop waits for, and how not to wait: a person who sees nothing presses Ctrl-C or kills the process. */
async function sayStopping(printer: Printer, crew: Crew): Promise<void> {
  const running = await crew.running(ASK_MS_MAX);
  const answers = running === 1 ? '1 answer is running' : `${running} answers are running`;
  printer.line(running === 0 ? 'Stopping ...' : `Stopping: ${answers}; Ctrl-C again to stop now`);
}

/** 128 + SIGINT, as a shell says it. */
const EXIT_KILLED = 130;

interface Parts {
  readonly crew: Crew;
  readonly releases: Releases;
  readonly ending: AbortSignal;
}

async function start(options: Launch, parts: Parts): Promise<void> {
  const { printer, env, entryOf } = options;
  const { crew, releases, ending } = parts;
  const read = readConfig(env);
  for (const warning of resemblingSettings(env, read.secretReaders.keys())) printer.warn(warning);
  const services = servicesOf(read);
  requireEntries(entryOf, services);
  lockData(read, releases, ending);
  const dataDir = resolve(read.config.store.dataDir);
  const delaySeconds = read.given.has('DRAIN_DELAY_SECONDS') ? read.config.api.drainDelaySeconds : 0;
  const graceMs = graceMsOf(drainSecondsOf(read) + delaySeconds);
  await endLeftServices({ dataDir, graceMs, printer, signal: ending });
  for (const chosen of chosenPorts(read)) await requireFreePort(chosen);
  const named = read.given.has('REDIS_URL') ? read.config.redis.url : undefined;
  const redis = await provideRedis({
    dir: join(dataDir, 'redis'),
    env,
    confirm: options.confirm,
    printer,
    signal: ending,
    crew,
    releases,
    named,
  });
  const [store = 0, worker = 0, scheduler = 0, messenger = 0] = await freePorts(4);
  const wiring = { ports: { store, worker, scheduler, messenger }, storeToken: randomBytes(24).toString('hex') };
  const childEnv = serviceEnv(env, read, { ...wiring, ...(named === undefined && { redisUrl: redis }) });
  ending.throwIfAborted();
  const record = recordServices(dataDir);
  for (const name of services) {
    const order = serviceOrder(name, entryOf(name), envOf(name, childEnv, read), graceMs);
    const child = crew.start(order, (pid) => record(name, pid));
    releases.add(() => child.stop());
  }
  if (options.watch) startWatch(options, parts, services);
  const workerUrl = `http://${reachable(read.config.worker.healthHost)}:${childEnv['WORKER_HEALTH_PORT']}`;
  const behind = [{ name: 'worker', base: workerUrl }, ...embeddedStore(read, childEnv)];
  await ready(read, { printer, signal: ending, behind });
}

function lockData({ config }: ReadConfig, releases: Releases, ending: AbortSignal): void {
  const dataDir = resolve(config.store.dataDir);
  const lock = takeLock(dataDir);
  if (lock.kind === 'taken') {
    const holder = `${dataDir} (pid ${lock.pid})`;
    throw new LaunchError(
      lock.isStopping
        ? `Talaria on ${holder} is stopping. Start again when it is gone, or set TALARIA_DATA.`
        : `Talaria already runs on ${holder}. Stop it, or set TALARIA_DATA.`,
    );
  }
  ending.addEventListener('abort', lock.leave, { once: true });
  releases.add(lock.release);
}

function startWatch({ root, env, printer }: Launch, { crew, releases }: Parts, services: readonly ServiceName[]): void {
  const compiler = crew.start(compilerOrder(root, env));
  releases.add(() => compiler.stop());
  const restart = (): void => {
    printer.line('Code has changed; the services start anew.');
    for (const name of services) crew.restart(name);
  };
  const lost = (why: string): void => printer.warn(`changes can no longer be watched (${why}).`);
  releases.add(watchCode(join(root, 'dist'), restart, lost));
}

interface AwaitedService {
  readonly name: string;
  readonly base: string;
}

/**
 * Creating the embedded database takes some seconds, and until then requests for jobs and sessions get 503. A
 * separate Postgres may be away for longer than anybody wants to wait, and runs do not need it.
 */
function embeddedStore({ config }: ReadConfig, childEnv: NodeJS.ProcessEnv): AwaitedService[] {
  const url = childEnv['STORE_URL'];
  return config.store.databaseUrl === undefined && url !== undefined ? [{ name: 'store', base: url }] : [];
}

async function ready(
  { config: { api, auth, models } }: ReadConfig,
  { printer, signal, behind }: { printer: Printer; signal: AbortSignal; behind: readonly AwaitedService[] },
): Promise<void> {
  const origin = `http://${reachable(api.host)}:${api.port}`;
  // Without a worker the first request would get the error that its model is not served.
  for (const { name, base } of [...behind, { name: 'api', base: origin }]) {
    const url = `${base}/health/ready`;
    const onSlow = (seconds: number, last: string): void =>
      printer.line(`Still starting after ${seconds} s: the ${name} is not ready yet (${last}).`);
    await waitReady({ url, signal, onSlow });
  }
  if (models.upstreams.every(({ provider }) => provider === 'demo')) {
    printer.line(
      'The built-in demo model answers. For a real one set OPENAI_API_KEY, OPENAI_BASE_URL or ANTHROPIC_API_KEY and start again.',
    );
  }
  const { serving, failing } = await upstreamLines({ origin, key: auth.keys[0]?.key, signal });
  for (const line of serving) printer.line(line);
  for (const line of failing) printer.warn(line);
  printer.line(`Talaria is ready at ${origin}/v1 (Ctrl-C stops it)`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}
