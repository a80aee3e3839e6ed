import fc from '../../../support/property.js';
import { foldAll, isTerminal, type JsonObject, type LoggedEvent } from '#libs/contract';
import { outputItems, responseObject, resumedAfter } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';
import { eventLogs } from '../../../support/event-log.js';
import { readResponses } from '../../../support/responses-grammar.js';
import { checkResponse } from '../../../support/responses-schema.js';
import { readStream, transcript } from '../../../support/transcript.js';

const responses = protocolNamed('openai-responses');
const RUNS = { numRuns: 600 };

const END_OF = {
  completed: 'response.completed',
  incomplete: 'response.incomplete',
  failed: 'response.failed',
  cancelled: 'response.failed',
} as const;

function statusOf(events: readonly LoggedEvent[]): keyof typeof END_OF {
  return foldAll(events).status as keyof typeof END_OF;
}

describe('the stream of any legal log', () => {
  test('keeps the published order and schemas, and ends as the run did', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { end, response } = readResponses(transcript(responses, events));
        expect(end).toBe(END_OF[statusOf(events)]);
        expect(response?.['status']).toBe(statusOf(events));
      }),
      RUNS,
    );
  });

  test('puts together the object that a call without streaming gets', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { response, output } = readResponses(transcript(responses, events));
        const whole = JSON.parse(JSON.stringify(responseObject(foldAll(events)))) as JsonObject;
        expect(response).toEqual(whole);
        expect(output).toEqual(whole['output']);
      }),
      RUNS,
    );
  });

  test('resumed after any number it is the rest of the whole', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(), (events, cut) => {
        const whole = transcript(responses, events);
        const { frames } = readStream(whole);
        const after = cut % frames.length;
        const rest = readStream(transcript(resumedAfter(after), events)).frames;
        expect(rest).toEqual(frames.slice(after + 1 === frames.length ? after : after + 1));
      }),
      RUNS,
    );
  });

  test('two listeners of different parts of the log hear the same', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, after) => {
        const spoken = transcript(responses, events.slice(0, after));
        expect(spoken + transcript(responses, events, after)).toBe(transcript(responses, events));
      }),
      RUNS,
    );
  });
});

describe('the response object of any prefix of a legal log', () => {
  test('keeps the schema; its output is the beginning of what it will be, with the same ids', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, length) => {
        const now = foldAll(events.slice(0, Math.max(1, length)));
        expect(checkResponse(JSON.parse(JSON.stringify(responseObject(now))) as JsonObject, 'response')).toEqual([]);
        const ids = outputItems(now).map((item) => item['id']);
        const later = outputItems(foldAll(events)).map((item) => item['id']);
        expect(later.slice(0, ids.length)).toEqual(ids);
      }),
      RUNS,
    );
  });

  test('a listener at that point has heard of the same items', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, length) => {
        const prefix = events.slice(0, Math.max(1, length));
        fc.pre(!prefix.some(isTerminal));
        const { frames } = readStream(transcript(responses, prefix));
        const heard = new Map<unknown, JsonObject>();
        for (const { data } of frames) {
          const event = JSON.parse(data) as JsonObject;
          if (String(event['type']).startsWith('response.output_item.')) {
            const item = event['item'] as JsonObject;
            heard.set(item['id'], item);
          }
        }
        const told = outputItems(foldAll(prefix));
        expect([...heard.keys()]).toEqual(told.map((item) => item['id']));
        expect([...heard.values()].map((item) => item['status'])).toEqual(told.map((item) => item['status']));
      }),
      RUNS,
    );
  });
});
