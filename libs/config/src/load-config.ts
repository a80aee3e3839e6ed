import { checkBinding } from './checks/check-binding.js';
import { checkPorts } from './checks/check-ports.js';
import { checkTools } from './checks/check-tools.js';
import type { ApiConfig, Config, JobsConfig, StoreConfig } from './config.js';
import { Problems } from './values/problems.js';
import { readApprovals } from './reading/read-approvals.js';
import { readKeys } from './reading/read-keys.js';
import { readMessenger } from './reading/read-messenger.js';
import { readModels } from './reading/read-models.js';
import { readTools } from './reading/read-tools.js';
import { secretReaders, type SecretReaders } from './reading/secret-readers.js';
import { readTracing } from './reading/read-tracing.js';
import { readVariables } from './reading/read-variables.js';
import {
  readSettings,
  readTextFile,
  type Environment,
  type ReadFile,
  type ServiceName,
  type Sources,
} from './reading/sources.js';
import { VARIABLES, type Values, type VariableName } from './settings/variables.js';

export interface ReadConfig {
  readonly config: Config;
  /** The settings in the environment or the file; all others are defaults. */
  readonly given: ReadonlySet<VariableName>;
  readonly secretReaders: SecretReaders;
}

/**
 * The configuration from environment and settings file; the environment wins. `readFile` returns the text of a file, or
 * undefined when there is none. Throws ConfigError, which lists all errors. With `service`, secrets that only other
 * services use are left out, and need not exist.
 */
export function loadConfig(env: Environment, readFile: ReadFile = readTextFile, service?: ServiceName): Config {
  return read({ env, readFile, ...(service !== undefined && { service }) }, () => undefined).config;
}

/**
 * Like `loadConfig`, for all services on one machine, which cannot share a port. Also returns which settings were made:
 * the launcher runs its own Redis only when no setting names one.
 */
export function readConfig(env: Environment, readFile: ReadFile = readTextFile): ReadConfig {
  return read({ env, readFile }, checkPorts);
}

function read(from: Omit<Sources, 'problems'>, check: (read: ReadConfig, problems: Problems) => void): ReadConfig {
  const problems = new Problems();
  const sources: Sources = { ...from, problems };
  const file = readSettings(sources, DEFAULT_FILE);
  const { values, given } = readVariables(sources, file);
  const tools = readTools(sources, file);
  const tracing = readTracing(values);
  const config: Config = {
    api: apiConfig(values),
    auth: readKeys(sources, file, values),
    redis: { url: values.REDIS_URL, prefix: values.REDIS_PREFIX },
    store: storeConfig(values),
    worker: {
      concurrency: values.WORKER_CONCURRENCY,
      healthHost: values.HEALTH_HOST,
      healthPort: values.WORKER_HEALTH_PORT,
      schedulerHealthPort: values.SCHEDULER_HEALTH_PORT,
      drainSeconds: values.DRAIN_SECONDS,
    },
    models: readModels(sources, file, values),
    agent: {
      systemPrompt: values.AGENT_SYSTEM_PROMPT ?? '',
      stepsMax: values.AGENT_MAX_STEPS,
      runSecondsMax: values.RUN_SECONDS_MAX,
      tools: values.TOOLS,
      toolsBesideClientTools: values.TOOLS_BESIDE_CLIENT_TOOLS,
      fetchAllowedHosts: values.FETCH_ALLOWED_HOSTS ?? [],
      workspaceDir: values.WORKSPACE_DIR ?? `${values.TALARIA_DATA}/workspaces`,
      workspaceDaysMax: values.WORKSPACE_DAYS,
      terminalCommand: values.TERMINAL_COMMAND,
      terminalPath: values.TERMINAL_PATH,
    },
    tools,
    messenger: readMessenger(sources, file, { values, tools }),
    jobs: jobsConfig(values),
    approvals: readApprovals(file, values),
    ...(tracing && { tracing }),
    log: { level: values.LOG_LEVEL, pretty: values.LOG_PRETTY },
    metrics: {
      isPublic: values.METRICS_PUBLIC,
      ...(values.METRICS_TOKEN !== undefined && { token: values.METRICS_TOKEN }),
    },
  };
  checkBinding(config, sources);
  checkTools(config, sources);
  const isShared = (name: string): boolean => VARIABLES.some((variable) => variable.name === name);
  const result = { config, given, secretReaders: secretReaders(file, isShared) };
  check(result, problems);
  problems.throwIfAny();
  return result;
}

const DEFAULT_FILE = VARIABLES.find((variable) => variable.name === 'TALARIA_CONFIG')?.default ?? 'talaria.yaml';

function apiConfig(values: Values): ApiConfig {
  return {
    host: values.API_SERVER_HOST,
    port: values.API_SERVER_PORT,
    corsOrigins: values.API_SERVER_CORS_ORIGINS ?? [],
    allowedHosts: values.API_SERVER_ALLOWED_HOSTS ?? [],
    bodyBytesMax: values.MAX_BODY_BYTES,
    messageCharsMax: values.MAX_MESSAGE_CHARS,
    responsesServerCalls: values.RESPONSES_SERVER_CALLS,
    sseKeepaliveMs: values.SSE_KEEPALIVE_MS,
    noWorkerSeconds: values.NO_WORKER_SECONDS,
    queuedMax: values.MAX_QUEUED,
    queuedPerKeyMax: values.MAX_QUEUED_PER_KEY,
    orderBytesPerKeyMax: values.MAX_ORDER_BYTES_PER_KEY,
    inFlightMax: values.MAX_IN_FLIGHT,
    inFlightPerKeyMax: values.MAX_IN_FLIGHT_PER_KEY,
    listenersMax: values.MAX_LISTENERS,
    listenersPerKeyMax: values.MAX_LISTENERS_PER_KEY,
    receivingBytesMax: values.MAX_RECEIVING_BYTES,
    receivingBytesPerKeyMax: values.MAX_RECEIVING_BYTES_PER_KEY,
    connectionsMax: values.MAX_CONNECTIONS,
    drainSeconds: values.DRAIN_SECONDS,
    drainDelaySeconds: values.DRAIN_DELAY_SECONDS,
    queueDashboardWrite: values.QUEUE_DASHBOARD_WRITE,
  };
}

function jobsConfig(values: Values): JobsConfig {
  const { MAX_JOBS, WEBHOOK_SECRET, WEBHOOK_ALLOWED_HOSTS } = values;
  return {
    jobsPerOwnerMax: MAX_JOBS,
    ...(WEBHOOK_SECRET !== undefined && { webhookSecret: WEBHOOK_SECRET }),
    webhookAllowedHosts: WEBHOOK_ALLOWED_HOSTS ?? [],
  };
}

function storeConfig(values: Values): StoreConfig {
  const { STORE_HOST: host, STORE_PORT: port, STORE_TOKEN: token, DATABASE_URL: databaseUrl } = values;
  return {
    host,
    port,
    url: values.STORE_URL ?? `http://${reachable(host)}:${port}`,
    ...(token !== undefined && { token }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    dataDir: values.TALARIA_DATA,
    retentionDays: values.RETENTION_DAYS,
    retentionRunsMax: values.RETENTION_RUNS_MAX,
  };
}

/** Where a client on this machine reaches a server that listens on `host`, in a form for URLs. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
