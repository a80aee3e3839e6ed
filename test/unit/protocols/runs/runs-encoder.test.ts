import fc from '../../../support/property.js';
import { foldAll, outputText, type JsonObject } from '#libs/contract';
import { parseEventCursor, runObject, runsEncoder } from '#libs/protocols';
import { eventLogs } from '../../../support/event-log.js';
import { readStream, transcript } from '../../../support/transcript.js';

const RUNS = { numRuns: 300 };

describe('the runs stream of any legal log', () => {
  test('every frame is JSON under its own id, in order, and the comment ends it', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const text = transcript(runsEncoder, events);
        const { frames, comments } = readStream(text);
        expect(comments).toEqual(['stream closed']);
        expect(text.endsWith('\n\n: stream closed\n\n')).toBe(true);
        const seqs = frames.flatMap(({ id, data, event }) => {
          expect(event).toBeUndefined();
          const body = JSON.parse(data) as { event: string; run_id: string; timestamp: number; seq: number };
          expect(body.run_id).toBe('run_01');
          expect(body.timestamp).toBe((events[body.seq - 1]?.at ?? 0) / 1_000);
          // It stands in front of the end of its step and is heard again with it.
          if (body.event === 'reasoning.available') expect(id).toBeUndefined();
          else expect(parseEventCursor(id ?? '', 'run_01')).toBe(body.seq);
          return id === undefined ? [] : [body.seq];
        });
        expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      }),
      RUNS,
    );
  });

  test('resumed anywhere it is the rest of the whole', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, after) => {
        const spoken = transcript(runsEncoder, events.slice(0, after));
        expect(spoken + transcript(runsEncoder, events, after)).toBe(transcript(runsEncoder, events));
      }),
      RUNS,
    );
  });

  test('the last event carries the output and the usage that GET shows', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const snapshot = foldAll(events);
        const last = JSON.parse(readStream(transcript(runsEncoder, events)).frames.at(-1)?.data ?? '') as JsonObject;
        const shown = runObject(snapshot);
        expect(last['event']).toBe(`run.${snapshot.status}`);
        expect(last['output']).toBe(outputText(snapshot));
        expect(last['usage']).toEqual(shown['usage']);
        expect(last['error'] ?? null).toEqual(shown['error']);
        expect(shown['last_event']).toEqual({ type: last['event'], seq: last['seq'] });
      }),
      RUNS,
    );
  });

  test('the deltas of the steps that count are their texts', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const bodies = readStream(transcript(runsEncoder, events)).frames.map(
          ({ data }) => JSON.parse(data) as JsonObject,
        );
        const deltas = bodies.filter((body) => body['event'] === 'message.delta').map((body) => body['delta']);
        const texts = foldAll(events).items.flatMap((item) => (item.type === 'text' ? [item.text] : []));
        // A lone half of a surrogate pair and its other half are one character once they stand together.
        expect(deltas.join('')).toBe(texts.join(''));
      }),
      RUNS,
    );
  });

  test('nothing follows the end', () => {
    const [events = []] = fc.sample(eventLogs(), { numRuns: 1, seed: 3 });
    expect(transcript(runsEncoder, [...events, ...events])).toBe(transcript(runsEncoder, events));
  });
});
