import { foldAll, outputText, type LoggedEvent, type RunEvent } from '#libs/contract';
import { runObject, runsEncoder } from '#libs/protocols';
import type { RunFrame } from '#libs/wire';
import {
  emptyView,
  foldFrame,
  isOver,
  pendingOf,
  viewOf,
  type RunView,
} from '../../../apps/web/src/run-view/run-view.js';
import { stepsToRepeat } from '../../../apps/web/src/runs/steps-to-repeat.js';
import { spansOf } from '../../../apps/web/src/runs/timeline.js';
import { eventLogs } from '../../support/event-log.js';
import fc from '../../support/property.js';
import { readStream, transcript } from '../../support/transcript.js';

/** The folds of the page over the frames of real logs. */
const RUNS = { numRuns: 200 };

const framesOf = (events: readonly LoggedEvent[]): RunFrame[] =>
  readStream(transcript(runsEncoder, events)).frames.map(({ data }) => JSON.parse(data) as RunFrame);

const folded = (frames: readonly RunFrame[], from: RunView = emptyView('run_01')): RunView =>
  frames.reduce(foldFrame, from);

const textOf = ({ items }: RunView): string[] => {
  const ofSteps = new Map<number, string>();
  for (const item of items) {
    if (item.type === 'message' && item.status !== 'interrupted') {
      ofSteps.set(item.step, (ofSteps.get(item.step) ?? '') + item.text);
    }
  }
  return [...ofSteps.values()].filter((text) => text !== '');
};

/** What a reader sees, whichever way the view was made. */
const seen = (view: RunView) => ({
  status: view.status,
  attempt: view.attempt,
  text: textOf(view),
  // Live, calls stand in the order in which they begin; in the run object as the model made them.
  results: view.items
    .flatMap((item) =>
      item.type === 'tool_call' && item.output !== null ? [[item.call_id, item.output, item.is_error] as const] : [],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1)),
  pending: pendingOf(view).map(({ request_id }) => request_id),
  steers: view.steers,
  pendingSteer: view.pendingSteer,
  error: view.error,
  reason: view.reason,
  lastSeq: view.lastSeq,
});

test('the view of all events is that of the run object', () => {
  fc.assert(
    fc.property(eventLogs(), (events) => {
      const snapshot = foldAll(events);
      const view = folded(framesOf(events));
      const { steers: _, ...told } = seen(viewOf(runObject(snapshot)));
      expect(seen(view)).toMatchObject(told);
      expect(textOf(view).join('\n\n')).toBe(outputText(snapshot));
      expect(isOver(view)).toBe(true);
      expect(view.usage).toEqual(runObject(snapshot).usage);
    }),
    RUNS,
  );
});

test('a view that was learned in the middle and followed from there is the same, and nothing stands twice', () => {
  fc.assert(
    fc.property(eventLogs(), fc.nat(80), (events, at) => {
      const cut = Math.min(Math.max(at, 1), events.length);
      const { last_event } = runObject(foldAll(events.slice(0, cut)));
      const learned = viewOf(runObject(foldAll(events.slice(0, cut))));
      expect(learned.lastSeq).toBe(last_event.seq);
      // Every frame again, those that are known too: a resumed stream may repeat.
      const { steers: _, ...whole } = seen(folded(framesOf(events)));
      expect(seen(folded(framesOf(events), learned))).toMatchObject(whole);
    }),
    RUNS,
  );
});

test('a frame that was seen before changes nothing', () => {
  fc.assert(
    fc.property(eventLogs(), (events) => {
      const frames = framesOf(events);
      const view = folded(frames);
      expect(folded(frames, view)).toBe(view);
    }),
    RUNS,
  );
});

test('the bars of an ended run are all closed, lie within the run, and there is one for each attempt', () => {
  fc.assert(
    fc.property(eventLogs(), (events) => {
      const spans = spansOf(framesOf(events));
      const [first, last] = [(events[0]?.at ?? 0) / 1_000, (events.at(-1)?.at ?? 0) / 1_000];
      for (const { from, to = Infinity } of spans) {
        expect(from).toBeGreaterThanOrEqual(first);
        expect(to).toBeGreaterThanOrEqual(from);
        expect(to).toBeLessThanOrEqual(last);
      }
      const attempts = events.filter(({ type }) => type === 'run.started').length;
      expect(spans.filter(({ kind }) => kind === 'attempt')).toHaveLength(attempts);
    }),
    RUNS,
  );
});

test('a run can be repeated from each step that follows answered calls of the gateway', () => {
  const call = { callId: 'c1', name: 'clock', executedBy: 'server' } as const;
  const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
  const events: RunEvent[] = [
    { type: 'run.queued', runId: 'run_01', protocol: 'runs', owner: 'alice', model: 'm', echo: {} },
    { type: 'run.started', attempt: 1, worker: 'w' },
    { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
    { type: 'text.delta', step: 1, text: 'Lost' },
    { type: 'run.started', attempt: 2, worker: 'w' },
    { type: 'step.interrupted', step: 1, reason: 'worker_lost' },
    { type: 'step.started', step: 2, model: 'm', upstream: 'u' },
    { type: 'tool_call.started', step: 2, ...call },
    { type: 'tool_call.ready', step: 2, ...call, arguments: '{}' },
    { type: 'tool.started', step: 2, callId: 'c1', name: 'clock' },
    { type: 'tool.completed', step: 2, callId: 'c1', name: 'clock', output: '12', isError: false, durationMs: 1 },
    { type: 'step.completed', step: 2, finishReason: 'tool_calls', usage },
    { type: 'step.started', step: 3, model: 'm', upstream: 'u' },
    { type: 'text.delta', step: 3, text: 'Noon.' },
    { type: 'step.completed', step: 3, finishReason: 'stop', usage },
    { type: 'run.completed', finishReason: 'stop' },
  ];
  const logged = events.map((event, i) => ({ ...event, seq: i + 1, at: i }) as LoggedEvent);
  expect(stepsToRepeat(folded(framesOf(logged)))).toEqual([1, 2]);
  expect(stepsToRepeat(viewOf(runObject(foldAll(logged))))).toEqual([1, 2]);
  // The call was answered, but its step did not end.
  const cut = logged.slice(0, 11);
  expect(stepsToRepeat(folded(framesOf(cut)))).toEqual([1]);
  expect(stepsToRepeat(viewOf(runObject(foldAll(cut))))).toEqual([1]);
});
