import { foldAll, type LoggedEvent } from '#libs/contract';
import { protocolNamed } from '../../../support/chat-request.js';
import { eventLogs } from '../../../support/event-log.js';
import fc from '../../../support/property.js';
import { transcript } from '../../../support/transcript.js';
import { readUi, type UiMessage } from '../../../support/ui-stream.js';

const ui = protocolNamed('ai-sdk-ui');
const { continuation } = ui;
if (!continuation) throw new Error('the protocol takes up no runs');
/** A reader that comes when the run has ended: it went on behind every place where it waited. */
const whole = continuation.taken({ pausesFrom: Infinity });
const RUNS = { numRuns: 400 };

/** A step that was taken back leaves its beginning, when a text of the user comes before the next one. */
function withoutEmptySteps({ parts, ...message }: Pick<UiMessage, 'parts'>): unknown {
  const kept = parts.filter(({ type }, i) => type !== 'step-start' || !isBoundary(parts[i + 1]?.type));
  return plain({ ...message, role: 'assistant', parts: kept });
}

const isBoundary = (type: string | undefined): boolean => type === 'steering-message' || type === undefined;

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the stream of any legal log', () => {
  test('can be read, and ends as the run did', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { error, finishReason, types } = readUi(transcript(whole, events));
        const { status } = foldAll(events);
        expect(error !== undefined).toBe(status === 'failed');
        expect(finishReason === 'interrupted').toBe(status === 'cancelled');
        expect(types.includes('abort')).toBe(status === 'cancelled');
        expect(types[0]).toBe('start');
      }),
      RUNS,
    );
  });

  test('says the same as the answer without streaming', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const snapshot = foldAll(events);
        fc.pre(snapshot.status === 'completed' || snapshot.status === 'incomplete');
        const { message } = readUi(transcript(whole, events));
        const final = ui.final(snapshot) as unknown as UiMessage;
        expect(withoutEmptySteps(message)).toEqual(withoutEmptySteps(final));
      }),
      RUNS,
    );
  });

  test('is the same for a client that comes back each time the run waits', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const parks = events.filter(({ type }) => type === 'run.parked').map(({ seq }) => seq);
        fc.pre(parks.length > 0);
        let { message, finishReason } = readUi(transcript(ui, events));
        for (const seq of parks) {
          expect(finishReason).toBe('tool-calls');
          const encoder = continuation.taken({ pausesFrom: seq + 1, heard: approvalsIn(message) });
          ({ message, finishReason } = readUi(transcript(encoder, events), message));
        }
        expect(plain(message.parts)).toEqual(plain(readUi(transcript(whole, events)).message.parts));
      }),
      RUNS,
    );
  });

  test('resumed anywhere it is the rest of the whole', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, after) => {
        const all = transcript(whole, events);
        const spoken = transcript(whole, events.slice(0, after));
        expect(spoken + transcript(whole, events, after)).toBe(all);
      }),
      RUNS,
    );
  });

  test('what an interrupted step said is not in the message', () => {
    const lost = queued([
      { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
      { type: 'text.delta', step: 1, text: 'Lost words.' },
      { type: 'run.started', attempt: 2, worker: 'w2' },
      { type: 'step.interrupted', step: 1, reason: 'worker_lost' },
      { type: 'step.started', step: 2, model: 'm', upstream: 'u' },
      { type: 'text.delta', step: 2, text: 'Kept.' },
      {
        type: 'step.completed',
        step: 2,
        finishReason: 'stop',
        usage: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 },
      },
      { type: 'run.completed', finishReason: 'stop' },
    ]);
    const { message, types } = readUi(transcript(ui, lost));
    expect(types.filter((type) => type === 'start-step')).toHaveLength(1);
    expect(types).toContain('reset-step');
    expect(message.parts).toEqual([{ type: 'step-start' }, { type: 'text', text: 'Kept.', state: 'done' }]);
  });
});

type Step = LoggedEvent extends infer E ? (E extends LoggedEvent ? Omit<E, 'seq' | 'at'> : never) : never;

function queued(events: readonly Step[]): LoggedEvent[] {
  const runId = `run_${'0a'.repeat(16)}`;
  const head: Step[] = [
    { type: 'run.queued', runId, protocol: 'ai-sdk-ui', owner: 'alice', model: 'demo', echo: {} },
    { type: 'run.started', attempt: 1, worker: 'w1' },
  ];
  return [...head, ...events].map((event, i) => ({ ...event, seq: i + 1, at: i }) as LoggedEvent);
}

function approvalsIn({ parts }: UiMessage): Set<string> {
  const ids = parts.flatMap(({ approval }) => {
    const { id, isAutomatic } = (approval ?? {}) as { id?: string; isAutomatic?: true };
    return id === undefined || isAutomatic ? [] : [id.slice(id.indexOf(':') + 1)];
  });
  return new Set(ids);
}
