import { type CancelReason, isTerminal, type RunEvent, type RunLog } from '#libs/contract';

/** Plays the worker of one run, event by event, straight on the log. */
export interface ScriptedWorker {
  /** Appends events in one batch. @returns the reason once somebody asked to cancel the run. */
  say(...events: RunEvent[]): Promise<CancelReason | undefined>;
  /** Appends one step that says the texts, one event each, and the end of the run. */
  answer(...texts: string[]): Promise<void>;
}

/** Claims a queued run, as its first attempt unless told otherwise. Throws when it cannot be claimed. */
export async function scriptedWorker(
  log: RunLog,
  runId: string,
  { attempt = 1, generation = 0 } = {},
): Promise<ScriptedWorker> {
  const claim = await log.claim(runId, attempt, 'scripted', { generation });
  if (claim.kind !== 'claimed') throw new Error(`the run ${runId} could not be claimed: ${claim.kind}`);
  let seq = claim.lastSeq;
  const say = async (...events: RunEvent[]): Promise<CancelReason | undefined> => {
    const firstSeq = seq + 1;
    const texts = events.map((event) => JSON.stringify({ seq: ++seq, at: Date.now(), ...event }));
    const terminal = events.some(isTerminal);
    const [reply] = await log.append([{ runId, attempt, firstSeq, events: texts, terminal }]);
    if (reply?.kind !== 'ok') throw new Error(`the append to ${runId} was not accepted: ${reply?.kind}`);
    return reply.cancel;
  };
  return {
    say,
    async answer(...texts) {
      await say({ type: 'run.started', attempt: 1, worker: 'scripted' }, stepStarted);
      for (const text of texts) await say({ type: 'text.delta', step: 1, text });
      await say(stepCompleted, { type: 'run.completed', finishReason: 'stop' });
    },
  };
}

export const stepStarted = { type: 'step.started', step: 1, model: 'demo', upstream: 'demo' } as const;
const usage = { inputTokens: 3, outputTokens: 5, cachedInputTokens: 0, reasoningTokens: 0 };
export const stepCompleted = { type: 'step.completed', step: 1, finishReason: 'stop', usage } as const;
