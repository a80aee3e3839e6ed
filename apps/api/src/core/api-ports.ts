import {
  bullTickQueue,
  connectRedis,
  redisChatDesk,
  redisConversationLock,
  redisCredentialVault,
  redisFacts,
  redisIdempotency,
  redisLiveRuns,
  redisPoolOffice,
  redisRunPorts,
  redisWorkerRegistry,
  type DeploymentFacts,
} from '#libs/bus';
import type { Config, ModelsConfig } from '#libs/config';
import type {
  ApprovalMemory,
  ChatDesk,
  ConversationLock,
  CredentialVault,
  Idempotency,
  JobStore,
  LiveRuns,
  PoolOffice,
  RunLog,
  TickQueue,
  WorkerRegistry,
  StoredAccounts,
  StoredConversations,
  StoredSessions,
  StoredRuns,
  WebhookStore,
} from '#libs/contract';
import type { RunsPorts } from '#libs/runs';
import { redisNews, type Closers, type Drain, type Logger } from '#libs/platform';
import type { Tracing } from '#libs/tracing';
import { storeClient } from '#libs/store-client';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ApiMeters } from '../edge/api-meters.js';

/** The parts that main.ts provides. */
export interface ApiParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
  /** Absent: this deployment does not trace. */
  readonly tracing?: Tracing | undefined;
  /** Reads the settings of models again. Absent: they stay unchanged. */
  readonly loadModels?: () => ModelsConfig;
}

/** Everything outside this process that the API talks to. */
export interface ApiPorts extends Omit<RunsPorts, 'log' | 'room' | 'store' | 'sessions'> {
  readonly log: RunLog;
  readonly store: StoredRuns;
  readonly conversations: StoredConversations;
  readonly turns: ConversationLock;
  readonly jobs: JobStore;
  readonly accounts: StoredAccounts;
  readonly webhooks: WebhookStore;
  readonly chats: Pick<ChatDesk, 'put' | 'outcome' | 'home' | 'served'>;
  readonly ticks: TickQueue;
  readonly live: LiveRuns;
  readonly approvals: ApprovalMemory;
  readonly idempotency: Idempotency;
  readonly sessions: StoredSessions;
  readonly registry: WorkerRegistry;
  readonly facts: DeploymentFacts;
  readonly pools: PoolOffice;
  readonly credentials: CredentialVault;
  /** Resolves when Redis answers. */
  ping(): Promise<void>;
}

/** Connects to Redis and to the store service without waiting. Each call reports when one of them is away. */
export function connectPorts({ config, logger, closers }: ApiParts, meters: ApiMeters): ApiPorts {
  const { url, prefix } = config.redis;
  const news = redisNews(logger, meters);
  const connection = closers.own(connectRedis({ url, prefix, role: 'api', ...news }), (c) => c.close());
  const subscriber = connectRedis({ url, prefix, role: 'subscriber', ...news });
  const instance = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const store = storeClient(config.store);
  return {
    ...closers.own(redisRunPorts(connection, subscriber, instance), (runs) => runs.close()),
    store: store.runs,
    conversations: store.conversations,
    sessions: store.sessions,
    turns: redisConversationLock(connection),
    jobs: store.jobs,
    accounts: store.accounts,
    webhooks: store.webhooks,
    chats: redisChatDesk(connection),
    ticks: closers.own(bullTickQueue(connection), (queue) => queue.close()),
    live: redisLiveRuns(connection),
    idempotency: redisIdempotency(connection),
    registry: redisWorkerRegistry(connection),
    facts: closers.own(redisFacts(connection), (facts) => facts.close()),
    pools: redisPoolOffice(connection),
    credentials: redisCredentialVault(connection),
    ping: () => connection.ping(),
  };
}
