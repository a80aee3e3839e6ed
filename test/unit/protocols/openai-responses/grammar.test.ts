import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#libs/contract';
import { readResponses } from '../../../support/responses-grammar.js';
import { readStream } from '../../../support/transcript.js';
import { checkResponse, RESPONSE_KEYS } from '../../../support/responses-schema.js';

/** The validator that other tests rely on: it accepts what is right and notices whatever is done to it. */
const GOLDEN = join(import.meta.dirname, '../../../golden/openai-responses');
const cases = readdirSync(GOLDEN);
const streamOf = (folder: string): string => readFileSync(join(GOLDEN, folder, 'stream.sse'), 'utf8');

function eventsOf(stream: string): JsonObject[] {
  const { frames } = readStream(stream);
  return frames.slice(0, -1).map(({ data }) => JSON.parse(data) as JsonObject);
}

/** Writes events as a stream with numbers that are right. */
function written(events: readonly JsonObject[]): string {
  const frames = events.map((event, i) => {
    const data = JSON.stringify({ ...event, sequence_number: i });
    return `event: ${String(event['type'])}\ndata: ${data}\n\n`;
  });
  return `${frames.join('')}data: [DONE]\n\n`;
}

/**
 * A call that the gateway began to execute ends without a result when the run does: then its arguments may be whole.
 */
function isOfLostCall(event: JsonObject, events: readonly JsonObject[]): boolean {
  if (event['type'] !== 'response.mcp_call_arguments.done') return false;
  const done = events.find(({ type, item }) => type === 'response.output_item.done' && idOf(item) === event['item_id']);
  return (done?.['item'] as JsonObject | undefined)?.['status'] === 'incomplete';
}

const idOf = (item: unknown): unknown => (item as JsonObject | undefined)?.['id'];

describe('the validator of Responses streams', () => {
  test.each(cases)('accepts %s', (folder) => {
    const { events } = readResponses(streamOf(folder));
    expect(written(events)).toBe(streamOf(folder));
  });

  test.each(cases)('notices each event that is missing from %s, or comes twice', (folder) => {
    const events = eventsOf(streamOf(folder));
    for (const [i, event] of events.entries()) {
      const isOptional = event['type'] === 'response.queued' || isOfLostCall(event, events);
      if (!isOptional) expect(() => readResponses(written(events.toSpliced(i, 1)))).toThrow('breaks the rule');
      if (String(event['type']).endsWith('.delta') && event['delta'] === '') continue;
      expect(() => readResponses(written(events.toSpliced(i, 0, event)))).toThrow('breaks the rule');
    }
  });

  test.each(cases)('notices the last event of %s anywhere before its place', (folder) => {
    const events = eventsOf(streamOf(folder));
    const last = events.at(-1) as JsonObject;
    for (let i = 0; i < events.length - 1; i++) {
      const moved = events.slice(0, -1).toSpliced(i, 0, last);
      expect(() => readResponses(written(moved))).toThrow('breaks the rule');
    }
  });

  test.each(cases)('notices fields that are missing from the events of %s', (folder) => {
    const events = eventsOf(streamOf(folder));
    for (const [i, event] of events.entries()) {
      for (const key of Object.keys(event)) {
        if (key === 'sequence_number') continue;
        const { [key]: _, ...rest } = event;
        expect(() => readResponses(written(events.with(i, rest)))).toThrow('breaks the rule');
      }
    }
  });

  test('notices numbers that skip, ids and a missing [DONE]', () => {
    const stream = streamOf('plain');
    expect(() => readResponses(stream.replace('"sequence_number":2', '"sequence_number":3'))).toThrow('counts from 0');
    expect(() => readResponses(stream.replace('event: response.created', 'id: 1\nevent: response.created'))).toThrow(
      'no id',
    );
    expect(() => readResponses(stream.replace('data: [DONE]\n\n', ''))).toThrow('[DONE]');
  });

  test('knows 31 keys of the response object and misses each of them', () => {
    const whole = eventsOf(streamOf('plain')).at(-1)?.['response'] as JsonObject;
    expect(RESPONSE_KEYS).toHaveLength(31);
    expect(checkResponse(whole, 'response')).toEqual([]);
    for (const missing of RESPONSE_KEYS) {
      const { [missing]: _, ...rest } = whole;
      expect(checkResponse(rest, 'response')).toContain(`response.${missing} is missing`);
    }
  });

  const neverNull = [
    'temperature',
    'top_p',
    'presence_penalty',
    'frequency_penalty',
    'top_logprobs',
    'truncation',
    'text',
    'service_tier',
    'store',
    'background',
    'parallel_tool_calls',
    'tools',
    'output',
  ];
  test.each(neverNull)('does not accept null for %s', (key) => {
    const whole = eventsOf(streamOf('plain')).at(-1)?.['response'] as JsonObject;
    expect(checkResponse({ ...whole, [key]: null }, 'response')).not.toEqual([]);
  });
});
