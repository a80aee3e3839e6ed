import { memoryLiveHub, memoryRunLog } from '#libs/bus';
import type { LiveHub, LoggedEvent, Wake } from '#libs/contract';
import { tailRun } from '#libs/runs';
import { runSpec } from '../../../support/run-spec.js';

const event = (seq: number): LoggedEvent => ({ seq, at: 0, type: 'text.delta', step: 1, text: String(seq) });

/** A tail over a run that says nothing by itself, and the wire to its live channel. */
async function quietTail(signal = new AbortController().signal) {
  const log = memoryRunLog();
  const spec = runSpec();
  await log.open(spec);
  let wake: Wake | undefined;
  let closed = 0;
  const hub: LiveHub = {
    ...memoryLiveHub(log, 'here'),
    watch: async (_runId, _instance, wakeUp) => {
      wake = wakeUp;
      return { close: async () => void closed++ };
    },
  };
  const tail = tailRun({ log, hub }, { runId: spec.runId, instance: 'here', after: 1, caughtUp: true }, signal);
  const next = tail.next();
  await new Promise(setImmediate);
  return { tail, next, say: (...events: LoggedEvent[]) => wake?.(events), closed: () => closed };
}

describe('a tail', () => {
  test('gives a live batch to who waits for it; what it has given is not given again', async () => {
    const { tail, next, say } = await quietTail();
    say(event(2), event(3));
    expect((await next).value).toEqual([event(2), event(3)]);
    const more = tail.next();
    say(event(2));
    say(event(3), event(4));
    expect((await more).value).toEqual([event(4)]);
    await tail.return();
  });

  test('that is left while somebody waits ends for them and stops watching', async () => {
    const { tail, next, closed } = await quietTail();
    expect(await tail.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await tail.next()).toEqual({ done: true, value: undefined });
    expect(closed()).toBe(1);
  });

  test('that is aborted while somebody waits ends for them and stops watching', async () => {
    const abort = new AbortController();
    const { next, closed } = await quietTail(abort.signal);
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(closed()).toBe(1);
  });

  test('that is left before it has begun to watch does not watch', async () => {
    const log = memoryRunLog();
    let closed = 0;
    let begin: (() => void) | undefined;
    const hub: LiveHub = {
      ...memoryLiveHub(log, 'here'),
      watch: async () => {
        await new Promise<void>((resolve) => (begin = resolve));
        return { close: async () => void closed++ };
      },
    };
    const start = { runId: runSpec().runId, instance: 'here', after: 0, caughtUp: true };
    const tail = tailRun({ log, hub }, start, new AbortController().signal);
    const next = tail.next();
    await tail.return();
    begin?.();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(closed).toBe(1);
  });
});
