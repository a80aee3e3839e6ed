import { memoryApprovalMemory, memoryRunLog, memoryRunQueue, memorySessionTurns, runWriters } from '#libs/bus';
import type { AppendBatch, AppendReply, LoggedEvent, ModelEvent, ModelProvider, RunLog } from '#libs/contract';
import { modelRoute } from '#libs/providers';
import { ActiveRuns } from '../../../apps/worker/src/active-runs.js';
import { processRun, type AttemptPorts } from '../../../apps/worker/src/process-run.js';
import { runSpec } from '../../support/run-spec.js';
import { until } from '../../support/until.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLogWith } from '../../support/run-log-with.js';

const USAGE = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };

/** The ports of a worker whose model says two words; what is not given here is not reached by these tests. */
function portsOf(log: RunLog, told: string[]): AttemptPorts {
  const provider: ModelProvider = {
    upstream: 'u',
    listModels: async () => [],
    async *stream(): AsyncGenerator<ModelEvent> {
      yield { type: 'text', text: 'two ' };
      yield { type: 'text', text: 'words' };
      yield { type: 'end', finishReason: 'stop', usage: USAGE };
    },
  };
  const ports: Partial<AttemptPorts> = {
    workerId: 'w',
    log,
    writers: runWriters(log),
    active: new ActiveRuns(log),
    settings: { systemPrompt: '', stepsMax: 3, toolSecondsMax: 5, runSecondsMax: 60 },
    handOnMs: () => undefined,
    route: () => modelRoute('demo', [{ provider, model: 'm' }]),
    toolsFor: async () => [],
    conversation: async ({ messages }) => messages,
    sessionOf: async () => undefined,
    settled: () => undefined,
    approvalRequested: () => undefined,
    ending: {
      log,
      queue: memoryRunQueue(),
      persist: { enqueue: async () => void told.push('ended') },
      sessionTurns: memorySessionTurns(),
      approvals: memoryApprovalMemory(),
    },
    onInternalError: (_runId, cause) => void told.push(String(cause)),
    approvals: {} as AttemptPorts['approvals'],
  };
  return ports as AttemptPorts;
}

const jobOf = (runId: string, signal = new AbortController().signal) => ({
  runId,
  generation: 0,
  attempt: 1,
  crashes: 0,
  signal,
  isLeaving: () => false,
  accepted: () => undefined,
});

const typesOf = async (log: RunLog, runId: string): Promise<string[]> =>
  (await log.read(runId, 0)).map(({ type }: LoggedEvent) => type);

test('a run whose log has lost more than its writer can send again ends as lost, and is told to be over', async () => {
  const memory = memoryRunLog();
  const append = async (batches: readonly AppendBatch[]): Promise<AppendReply[]> =>
    batches.map(() => ({ kind: 'gap', lastSeq: 0 }));
  const log = runLogWith({ append }, memory);
  const spec = runSpec();
  await log.open(spec);
  const told: string[] = [];
  expect(await processRun(jobOf(spec.runId), portsOf(log, told))).toBe('done');
  expect(told).toEqual(['ended']);
  expect((await memory.read(spec.runId, 0)).at(-1)).toMatchObject({
    type: 'run.failed',
    error: { code: 'run_log_lost' },
  });
});

test('a run of a model that this worker lacks is handed on, and nothing of it is claimed', async () => {
  const log = memoryRunLog();
  const spec = runSpec();
  await log.open(spec);
  const ports = { ...portsOf(log, []), handOnMs: async () => 40 };
  expect(await processRun(jobOf(spec.runId), ports)).toEqual({ handOnMs: 40 });
  expect(await typesOf(log, spec.runId)).toEqual(['run.queued']);
  expect(await log.head(spec.runId)).toMatchObject({ attempt: 0 });
});

test('a job that is taken away while its run is claimed is handed back', async () => {
  const memory = memoryRunLog();
  const abort = new AbortController();
  const claim: RunLog['claim'] = async (...args) => {
    const claimed = await memory.claim(...args);
    abort.abort();
    return claimed;
  };
  const log = runLogWith({ claim }, memory);
  const spec = runSpec();
  await log.open(spec);
  expect(await processRun(jobOf(spec.runId, abort.signal), portsOf(log, []))).toBe('hand_back');
  expect(await typesOf(memory, spec.runId)).toEqual(['run.queued', 'run.started']);
});

test('while a look at silent runs waits for Redis, no second one is begun', async () => {
  let looks = 0;
  const log = runLogWith({
    cancelRequests: () => {
      looks++;
      return new Promise(() => undefined);
    },
  });
  const active = new ActiveRuns(log, 2);
  active.add('run_a', { busy: false, cancel: () => undefined });
  active.start();
  await until(() => looks > 0);
  await sleep(100);
  active.stop();
  expect(looks).toBe(1);
});
