import type { ApprovalPorts } from '#libs/agent';
import { AppendRefused, type RunJob } from '#libs/bus';
import type { ApprovalMemory, CancelReason, RunClaims, RunQueue, RunSignals, RunSpec } from '#libs/contract';
import { randomBytes } from 'node:crypto';
import type { ApprovalPolicy } from './approval-policy.js';
import type { RunControls } from './run-controls.js';

/** The ports of the worker that approvals need. */
export interface ApprovalParts {
  readonly policy: ApprovalPolicy;
  readonly memory: ApprovalMemory;
  readonly queue: RunQueue;
  readonly timeoutSeconds: number;
  /** The run waits: the store looks at it, and tells whoever wants to know. */
  told(runId: string): Promise<void>;
}

/** It is unknown whether the run was parked. The queue starts the job again, and that attempt finds out. */
export class ParkFailed extends Error {}

export interface RunApprovals {
  readonly parts: ApprovalParts;
  readonly log: RunClaims & Pick<RunSignals, 'timeOut'>;
  readonly job: RunJob;
  readonly spec: RunSpec;
  readonly controls: RunControls;
  cancel(reason: CancelReason): void;
}

type Answer = Awaited<ReturnType<ApprovalPorts['answerTo']>>;

/** The recorded answer to a request; undefined while the request is open. */
function answerIn(controls: RunControls, approvalId: string): Answer | undefined {
  const decision = controls.answers.get(approvalId);
  if (!decision) return undefined;
  if (controls.isTimedOut(approvalId)) return { decision: 'deny', by: 'timeout' };
  const answers = controls.contentOf(approvalId);
  return { decision, by: 'user', ...(answers && { answers }) };
}

interface OpenRequests {
  opened(approvalId: string): void;
  close(approvalId: string): void;
}

/** The requests that this worker has opened for a run. With the last of them the run waits no longer. */
function openRequests(memory: ApprovalMemory, { owner, runId }: RunSpec): OpenRequests {
  const open = new Set<string>();
  return {
    opened: (approvalId) => void open.add(approvalId),
    close(approvalId) {
      if (!open.delete(approvalId) || open.size > 0) return;
      // The count forgets a waiting run at its deadline anyway, so a failure costs little.
      memory.leaveWait(owner, runId).catch(() => undefined);
    },
  };
}

/** The approvals of one run on one worker. */
export function runApprovals({ parts, log, job, spec, controls, cancel }: RunApprovals): ApprovalPorts {
  const { policy, memory, queue, timeoutSeconds, told } = parts;
  const { runId, owner, model } = spec;
  // Without a session, "for the session" means for this run.
  const place = { owner, session: spec.sessionId ?? runId };
  const generation = job.generation + 1;
  const { opened, close } = openRequests(memory, spec);
  return {
    scopeOf: policy,
    recall: (scope) => memory.recall(place, scope),
    remember: (scope, decision) => memory.remember(place, scope, decision),
    async open(secondsMax = timeoutSeconds) {
      const expiresAt = Date.now() + Math.min(secondsMax, timeoutSeconds) * 1_000;
      if (!(await memory.enterWait(owner, runId, expiresAt))) return undefined;
      const approvalId = `apr_${randomBytes(12).toString('hex')}`;
      opened(approvalId);
      return { approvalId, expiresAt };
    },
    hear: async () => void (await controls.refresh()),
    close,
    async answerTo({ approvalId, expiresAt = 0 }) {
      const known = answerIn(controls, approvalId);
      if (known) close(approvalId);
      if (known || expiresAt > Date.now()) return known;
      const outcome = await log.timeOut(runId, approvalId);
      if (outcome.kind === 'unknown' || outcome.kind === 'ended') {
        throw new AppendRefused(outcome.kind === 'unknown' ? 'lost' : 'ended');
      }
      // An answer may have arrived first, and then that answer counts.
      await controls.refresh();
      close(approvalId);
      return answerIn(controls, approvalId);
    },
    async park({ step, usage, approvals }) {
      const deadline = Math.min(...approvals.map(({ expiresAt = 0 }) => expiresAt));
      const event = { type: 'run.parked', step, usage } as const;
      // Other calls of the same step took longer than the answers may take, so there is nothing left to wait for.
      if (deadline <= Date.now()) return 'awake';
      const approvalIds = approvals.map(({ approvalId }) => approvalId);
      try {
        // Before the run is parked: when this worker dies, another attempt parks the run and tells it again.
        await told(runId);
        // The job first, so that a parked run always has one; the job starts by itself at the deadline.
        await queue.enqueueParked({ runId, generation }, deadline - Date.now(), model);
        const outcome = await log.park({ runId, attempt: job.attempt, event, deadline, generation, approvalIds });
        if (outcome === 'parked') return 'parked';
        if (outcome !== 'awake') throw new AppendRefused(outcome === 'unknown' ? 'lost' : outcome);
        // If the job stays behind, its claim is fenced.
        await queue.remove(runId, generation);
        const { cancel: reason } = await controls.refresh();
        if (reason) cancel(reason);
        return 'awake';
      } catch (cause) {
        throw cause instanceof AppendRefused ? cause : new ParkFailed('the run was not parked', { cause });
      }
    },
  };
}
