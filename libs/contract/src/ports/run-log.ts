import type { RunClaims } from './run-claims.js';
import type { RunIndex } from './run-index.js';
import type { RunJournal } from './run-journal.js';
import type { RunSignals } from './run-signals.js';

/**
 * The truth about runs while they live, in four roles; code asks for the roles that it needs:
 *
 *   RunJournal   the record: open, read, end             everybody
 *   RunClaims    who writes: claim, append, park         the worker
 *   RunSignals   messages to the writer: cancel, answer  API and scheduler leave them, the worker reads them
 *   RunIndex     which logs there are, when they go      scheduler and store
 *
 * Two implementations: Redis (`redisRunLog`) and memory (`memoryRunLog`, for tests); both pass
 * test/contract/run-log.suite.ts. Every method rejects with GatewayError `queue_unavailable` when Redis refuses, and on
 * connections of the role `api` also when Redis does not answer in time.
 */
export interface RunLog extends RunJournal, RunClaims, RunSignals, RunIndex {}
