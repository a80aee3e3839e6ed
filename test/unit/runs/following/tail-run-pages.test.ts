import { memoryLiveHub, memoryRunLog } from '#libs/bus';
import { LIMITS, type LoggedEvent, type RunEvent, type RunLog } from '#libs/contract';
import { tailRun } from '#libs/runs';
import { runSpec } from '../../../support/run-spec.js';

const EVENTS = 1_000;

/** Reads a log of so many texts to its end. @returns what was read, and how many characters each read brought. */
async function readAll(charsPerEvent: number) {
  const inner = memoryRunLog();
  const spec = runSpec();
  await inner.open(spec);
  const text: RunEvent = { type: 'text.delta', step: 1, text: 'x'.repeat(charsPerEvent) };
  const events: RunEvent[] = [
    ...Array.from({ length: EVENTS }, () => text),
    { type: 'run.completed', finishReason: 'stop' },
  ];
  const texts = events.map((event, i) => JSON.stringify({ seq: i + 2, at: 0, ...event }));
  await inner.append([{ runId: spec.runId, attempt: 1, firstSeq: 2, events: texts, terminal: true }]);
  const pages: number[] = [];
  const log: RunLog = Object.create(inner, {
    read: {
      value: async (...args: Parameters<RunLog['read']>) => {
        const page = await inner.read(...args);
        pages.push(JSON.stringify(page).length);
        return page;
      },
    },
  });
  const hub = memoryLiveHub(inner, 'here');
  const start = { runId: spec.runId, instance: 'here', after: 0 };
  const read: LoggedEvent[] = [];
  for await (const batch of tailRun({ log, hub }, start, new AbortController().signal)) read.push(...batch);
  return { seqs: read.map(({ seq }) => seq), pages };
}

const whole = Array.from({ length: EVENTS + 2 }, (_, i) => i + 1);

test('large events are read few at a time, small ones many, and none is missed', async () => {
  const large = await readAll(10_000);
  expect(large.seqs).toEqual(whole);
  expect(Math.max(...large.pages.slice(1))).toBeLessThan(LIMITS.relayReadCharsMax * 1.1);
  const small = await readAll(5);
  expect(small.seqs).toEqual(whole);
  expect(small.pages.length).toBeLessThanOrEqual(4);
});
