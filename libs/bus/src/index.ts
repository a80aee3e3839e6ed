export { memoryApprovalMemory, redisApprovalMemory } from './approval-memory.js';
export { connectRedis, withDeadline, type RedisConnection, type RedisRole } from './connect-redis.js';
export { watchControl } from './control.js';
export { memoryConversationTurns, redisConversationTurns } from './conversation-turns.js';
export {
  QUEUE_NAMES,
  redisFacts,
  type BullQueue,
  type DeploymentFacts,
  type QueueFacts,
  type QueueName,
  type UnconfirmedFacts,
} from './deployment-facts.js';
export { redisIdempotency } from './idempotency.js';
export { redisKeys } from './keys.js';
export { redisLiveHub } from './live-hub.js';
export { isBehind, redisLiveRuns } from './live-runs.js';
export {
  memoryIdempotency,
  memoryPersistQueue,
  memoryRunQueue,
  memoryWorkerRegistry,
  type MemoryPersistQueue,
  type MemoryRunQueue,
} from './memory-queues.js';
export { memoryLiveHub } from './memory-live-hub.js';
export { memoryRunLog, type MemoryRunLog } from './memory-run-log.js';
export { overloadGap } from './overload-gap.js';
export { persistCollector, type PersistCollector } from './persist-collector.js';
export { bullPersistQueue, startPersistWorker, type PersistWorkerSettings } from './persist-queue.js';
export type * from './approval-ports.js';
export type * from './live-run-ports.js';
export type * from './ports.js';
export type * from './worker-ports.js';
export { queuedEvent } from './queued-event.js';
export { isRunId, newRunId } from './run-id.js';
export { redisRunLog } from './run-log.js';
export {
  bullRunQueue,
  startRunWorker,
  type JobOutcome,
  type RunJob,
  type RunWorker,
  type RunWorkerSettings,
} from './run-queue.js';
export { AppendRefused, runWriters, type OpenWriter, type RefusalReason, type RunWriters } from './run-writer.js';
export { tailRun, type RunTail, type TailStart } from './tail-run.js';
export { bullTickQueue, startTickWorker, type TickWorkerSettings } from './tick-queue.js';
export { redisWorkerRegistry } from './worker-registry.js';
export { handOnTurn, turnOver, type TurnPorts } from './session-turns/hand-on-turn.js';
export { memorySessionTurns } from './session-turns/memory-session-turns.js';
export { redisSessionTurns } from './session-turns/redis-session-turns.js';
export type * from './session-turns/session-turns.js';
