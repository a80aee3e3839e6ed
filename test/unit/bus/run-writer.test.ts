import { AppendRefused, memoryRunLog, runWriters } from '#libs/bus';
import {
  type AppendBatch,
  type AppendReply,
  LIMITS,
  type LoggedEvent,
  type RunAppends,
  type RunEvent,
} from '#libs/contract';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { soon } from '../../support/hang.js';
import { runSpec } from '../../support/run-spec.js';
import { until } from '../../support/until.js';

const text = (words: string): RunEvent => ({ type: 'text.delta', step: 1, text: words });
const DONE: RunEvent = { type: 'run.completed', finishReason: 'stop' };

/** A log whose appends first go through `before`, which may answer in its place or throw. */
async function brokenLog(before: (batch: AppendBatch, n: number) => AppendReply | undefined) {
  const inner = memoryRunLog();
  const spec = runSpec();
  await inner.open(spec);
  let n = 0;
  const log: RunAppends = {
    async append(batches) {
      const replies: AppendReply[] = [];
      for (const batch of batches)
        replies.push(before(batch, ++n) ?? ((await inner.append([batch]))[0] as AppendReply));
      return replies;
    },
  };
  const told: { cancel?: string; refused?: AppendRefused } = {};
  const writer = runWriters(log).open({
    runId: spec.runId,
    attempt: 1,
    lastSeq: 1,
    instance: 'api',
    onCancel: (reason) => void (told.cancel = reason),
    onRefused: (error) => void (told.refused = error),
  });
  const texts = async (): Promise<string> => {
    const events = await inner.read(spec.runId, 1, 10_000);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 2));
    return events.map((event) => (event.type === 'text.delta' ? event.text : '.')).join('');
  };
  return { inner, runId: spec.runId, writer, told, texts };
}

describe('run writer', () => {
  test('a fast answer becomes events of a bounded size, its small neighbours one event', async () => {
    const { writer, inner, runId, texts } = await brokenLog(() => undefined);
    const words = Array.from({ length: 100 }, (_, i) => String(i % 10).repeat(1_000));
    for (const word of words) void writer.emit(text(word));
    await writer.emit(DONE);
    await writer.flushed();
    expect(await texts()).toBe(`${words.join('')}.`);
    const sizes = (await inner.read(runId, 1)).map((event) => (event.type === 'text.delta' ? event.text.length : 0));
    expect(Math.max(...sizes)).toBe(16_000);
    expect(sizes).toHaveLength(8);
  });

  test('sends again what failed, nothing lost and nothing doubled', async () => {
    const { writer, texts } = await brokenLog((_batch, n) => {
      if (n % 2 === 1) throw new Error('connection cut');
      return undefined;
    });
    for (const word of ['a', 'b', 'c']) {
      void writer.emit(text(word));
      await until(() => true);
    }
    await writer.emit(DONE);
    await writer.flushed();
    expect(await texts()).toBe('abc.');
  });

  test('an append that was stored although its reply was lost is not stored twice', async () => {
    const { writer, texts, inner } = await brokenLog((batch, n) => {
      if (n > 1) return undefined;
      void inner.append([batch]);
      throw new Error('reply lost');
    });
    void writer.emit(text('a'));
    await writer.flushed();
    await writer.emit(DONE);
    await writer.flushed();
    expect(await texts()).toBe('a.');
  });

  test('a lost tail is written again out of the ring', async () => {
    let told = false;
    const sent: number[] = [];
    const { writer } = await brokenLog((batch) => {
      sent.push(batch.firstSeq);
      if (told || batch.firstSeq < 4) return undefined;
      told = true;
      return { kind: 'gap', lastSeq: 2 };
    });
    for (const word of ['a', 'b', 'c']) {
      void writer.emit(text(word));
      await writer.flushed();
    }
    expect(sent).toEqual([2, 3, 4, 3]);
  });

  test('a tail that is older than the ring refuses the run instead of leaving a hole', async () => {
    const { writer, told } = await brokenLog(() => ({ kind: 'gap', lastSeq: 0 }));
    void writer.emit(text('a'));
    await expect(writer.flushed()).rejects.toMatchObject({ reason: 'lost' });
    expect(told.refused).toBeInstanceOf(AppendRefused);
  });

  test('refusals are final and told once', async () => {
    const { writer, told, inner, runId } = await brokenLog(() => undefined);
    await inner.claim(runId, 2, 'other');
    void writer.emit(text('late'));
    await expect(writer.flushed()).rejects.toMatchObject({ reason: 'fenced' });
    await expect(Promise.resolve(writer.emit(text('later')))).rejects.toMatchObject({ reason: 'fenced' });
    expect(told.refused?.reason).toBe('fenced');
  });

  test('the reply of an append brings the cancel', async () => {
    const { writer, told, inner, runId } = await brokenLog(() => undefined);
    await inner.claim(runId, 1, 'me');
    await inner.requestCancel(runId, 'requested');
    void writer.emit(text('a'));
    await writer.flushed();
    expect(told.cancel).toBe('requested');
  });

  test('a run that writes faster than Redis takes has to wait', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const inner = memoryRunLog();
    const spec = runSpec();
    await inner.open(spec);
    const log = { append: (batches: readonly AppendBatch[]) => gate.then(() => inner.append(batches)) };
    const callbacks = { instance: 'api', onCancel: () => undefined, onRefused: () => undefined };
    const writer = runWriters(log).open({ runId: spec.runId, attempt: 1, lastSeq: 1, ...callbacks });
    const chunk = 'x'.repeat(LIMITS.unacknowledgedBytesMax / 4);
    const waits: (Promise<void> | undefined)[] = [];
    for (let i = 0; i < 5; i++) waits.push(writer.emit(text(chunk)));
    expect(waits.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(waits[4]).toBeInstanceOf(Promise);
    open();
    for (const wait of waits) await wait;
    await writer.flushed();
  });

  test('what is emitted while another run is being sent goes out without a further emit', async () => {
    const inner = memoryRunLog();
    const specs = [runSpec(), runSpec()];
    for (const spec of specs) await inner.open(spec);
    let meanwhile = (): void => undefined;
    const log = {
      append: async (batches: readonly AppendBatch[]) => {
        const replies = await inner.append(batches);
        meanwhile();
        return replies;
      },
    };
    const writers = runWriters(log);
    const callbacks = { instance: 'api', onCancel: () => undefined, onRefused: () => undefined };
    const [first, second] = specs.map(({ runId }) => writers.open({ runId, attempt: 1, lastSeq: 1, ...callbacks }));
    meanwhile = () => {
      meanwhile = () => undefined;
      void second?.emit(DONE);
    };
    void first?.emit(DONE);
    await first?.flushed();
    await until(async () => (await inner.head(specs[1]?.runId ?? ''))?.ended, { ms: 2_000 });
  });
});

describe('writers of an overloaded process', () => {
  const GAP_MS = 60;
  /** Longer than any test: what comes within it did not wait for it. */
  const LONG_GAP_MS = 600_000;

  /** Writers with a gap, and what they appended: the calls, each with its events by run. */
  async function overloaded(runs: number, gapMs = GAP_MS) {
    const inner = memoryRunLog();
    const calls: { at: number; events: LoggedEvent[] }[] = [];
    const log = {
      append: (batches: readonly AppendBatch[]) => {
        const events = batches.flatMap((batch) => batch.events.map((text) => JSON.parse(text) as LoggedEvent));
        calls.push({ at: performance.now(), events });
        return inner.append(batches);
      },
    };
    const writers = runWriters(log, () => gapMs);
    const open = await Promise.all(
      Array.from({ length: runs }, async () => {
        const spec = runSpec();
        await inner.open(spec);
        const callbacks = { instance: 'api', onCancel: () => undefined, onRefused: () => undefined };
        return writers.open({ runId: spec.runId, attempt: 1, lastSeq: 1, ...callbacks });
      }),
    );
    return { open, calls };
  }
  const say = (n: number): RunEvent => ({ type: 'text.delta', step: 1, text: `${n} ` });

  test('the first delta goes at once, later ones wait for each other and become one event', async () => {
    const { open, calls } = await overloaded(1, LONG_GAP_MS);
    const [writer] = open;
    void writer?.emit(say(0));
    await until(() => calls.length === 1);
    for (let n = 1; n < 8; n++) {
      void writer?.emit(say(n));
      await turnOfTheLoop();
    }
    expect(calls.map(({ events }) => events)).toMatchObject([[{ text: '0 ' }]]);
    // Whoever waits for the last one ends the gap.
    await writer?.flushed();
    expect(calls.map(({ events }) => events)).toMatchObject([[{ text: '0 ' }], [{ text: '1 2 3 4 5 6 7 ' }]]);
  });

  test('what waits goes when the gap is over', async () => {
    const { open, calls } = await overloaded(1);
    const [writer] = open;
    for (let n = 0; n < 3; n++) {
      void writer?.emit(say(n));
      await until(() => calls.length === n + 1);
    }
    calls.slice(1).forEach(({ at }, i) => expect(at - (calls[i]?.at ?? 0)).toBeGreaterThan(GAP_MS - 5));
  });

  test('an end goes at once, with what waited before it and without what waits of others', async () => {
    const { open, calls } = await overloaded(2, LONG_GAP_MS);
    const [one, other] = open;
    for (const writer of open) void writer.emit(say(0));
    await until(() => calls.length === 1);
    for (const writer of open) void writer.emit(say(1));
    await one?.emit(DONE);
    await one?.flushed();
    expect(calls[1]?.events).toMatchObject([{ text: '1 ' }, { type: 'run.completed' }]);
    expect(calls).toHaveLength(2);
    await other?.flushed();
    expect(calls[2]?.events).toMatchObject([{ text: '1 ' }]);
  });

  test('who waits for an acknowledgement does not wait for the gap', async () => {
    const { open, calls } = await overloaded(1, LONG_GAP_MS);
    const [writer] = open;
    void writer?.emit(say(0));
    await until(() => calls.length === 1);
    void writer?.emit(say(1));
    await soon(writer?.flushed() ?? Promise.reject(new Error('there is no writer')));
    expect(calls).toHaveLength(2);
  });
});
