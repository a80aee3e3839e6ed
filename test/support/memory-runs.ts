import {
  memoryApprovalMemory,
  memoryLiveHub,
  memoryPersistQueue,
  memoryRunLog,
  memoryRunQueue,
  memorySessionTurns,
} from '#libs/bus';
import { Runs, type RunsPorts } from '#libs/runs';
import type { Unsettled } from '../../libs/runs/src/ending/settle-ended.js';

/** The life of runs on memory twins, as the process `here` sees it, with room for nine waiting runs. */
export function memoryRuns(change: Partial<RunsPorts> = {}) {
  const log = memoryRunLog();
  const queue = memoryRunQueue();
  const persist = memoryPersistQueue();
  const sessionTurns = memorySessionTurns();
  const approvals = memoryApprovalMemory();
  const unsettled: Unsettled[] = [];
  const ports: RunsPorts = {
    log,
    hub: memoryLiveHub(log, 'here'),
    queue,
    persist,
    sessionTurns,
    approvals,
    store: { run: async () => undefined },
    sessions: { session: async () => undefined },
    room: { queuedMax: 9, waitingMaxOf: () => 9, slots: () => 9 },
    onUnsettled: (failure) => void unsettled.push(failure),
    ...change,
  };
  return { log, queue, persist, sessionTurns, approvals, unsettled, ports, runs: new Runs(ports) };
}
