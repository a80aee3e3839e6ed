export { memoryCredentialVault, redisCredentialVault } from './pool/credential-vault.js';
export { memoryPool } from './pool/memory-pool-share.js';
export { redisPoolOffice, redisPoolShare } from './pool/redis-pool-share.js';
export { memoryApprovalMemory, redisApprovalMemory } from './approvals/approval-memory.js';
export { memoryChatDesk } from './chats/memory-chat-desk.js';
export { redisChatDesk } from './chats/redis-chat-desk.js';
export { connectRedis, type RedisConnection } from './redis/connect-redis.js';
export { watchControl } from './run-log/control.js';
export { memoryConversationLock, redisConversationLock } from './locks/conversation-lock.js';
export { redisLeases } from './locks/leases.js';
export { memoryLeases } from './memory/memory-leases.js';
export {
  QUEUE_NAMES,
  redisFacts,
  type BullQueue,
  type DeploymentFacts,
  type QueueFacts,
  type QueueName,
} from './queues/deployment-facts.js';
export { redisIdempotency } from './locks/idempotency.js';
export { redisLiveHub } from './live/live-hub.js';
export { redisLiveRuns } from './live/live-runs.js';
export {
  memoryIdempotency,
  memoryPersistQueue,
  memoryRunQueue,
  memoryWorkerRegistry,
  type MemoryRunQueue,
} from './memory/memory-queues.js';
export { memoryLiveHub } from './memory/memory-live-hub.js';
export { memoryRunLog, type MemoryRunLog } from './memory/memory-run-log.js';
export { overloadGap } from './redis/overload-gap.js';
export { persistCollector } from './queues/persist-collector.js';
export { bullPersistQueue, startPersistWorker } from './queues/persist-queue.js';
export { redisRunLog } from './run-log/run-log.js';
export { bullRunQueue } from './queues/run-queue.js';
export { startRunWorker, type JobOutcome, type RunJob, type RunWorker } from './queues/run-worker.js';
export { AppendRefused, runWriters, type RunWriters } from './run-log/run-writer.js';
export { bullTickQueue, startTickWorker } from './queues/tick-queue.js';
export { redisWorkerRegistry } from './workers/worker-registry.js';
export { memorySessionTurns } from './session-turns/memory-session-turns.js';
export { redisSessionTurns } from './session-turns/redis-session-turns.js';
export { memorySpendLedger } from './spend/memory-spend-ledger.js';
export { redisSpendLedger } from './spend/redis-spend-ledger.js';
export { redisRunPorts } from './run-ports.js';
