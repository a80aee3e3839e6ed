import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foldAll, type ErrorCode, type JsonObject, type LoggedEvent, type RunEvent } from '#libs/contract';
import { responseObject, resumedAfter, type SseFrame } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';
import { logged } from '../../../support/event-log.js';
import { readResponses } from '../../../support/responses-grammar.js';
import { readStream, transcript } from '../../../support/transcript.js';

const responses = protocolNamed('openai-responses');
const GOLDEN = join(import.meta.dirname, '../../../golden/openai-responses');

const queued: RunEvent = {
  type: 'run.queued',
  runId: `run_${'0a'.repeat(16)}`,
  protocol: 'openai-responses',
  owner: 'alice',
  model: 'demo',
  echo: {},
};
const dataOf = (frame: SseFrame | undefined): string => (frame && frame.comment === undefined ? frame.data : '');
const failed = (code: ErrorCode): RunEvent => ({ type: 'run.failed', error: { code, message: 'It broke.' } });

describe('resuming', () => {
  test.each(readdirSync(GOLDEN))('after every number of %s gives the rest, and [DONE]', (folder) => {
    const lines = readFileSync(join(GOLDEN, folder, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    const events = lines.map((line) => JSON.parse(line) as LoggedEvent);
    const { frames } = readStream(transcript(responses, events));
    const last = frames.length - 2;
    for (let after = 0; after <= last + 1; after++) {
      const rest = readStream(transcript(resumedAfter(after), events)).frames;
      expect(rest).toEqual(frames.slice(Math.min(after, last) + 1));
      expect(rest.at(-1)?.data).toBe('[DONE]');
    }
  });

  test('a stream that fails before its cursor says so with the number after it, and nothing of an old response', () => {
    const [first, last] = logged([queued, failed('run_log_lost')]);
    if (!first || !last) throw new Error('no events');
    const told = (startingAfter: number) => {
      const encoder = resumedAfter(startingAfter);
      return encoder.fail(encoder.encode(encoder.begin(), first)[0], last)[1];
    };
    const [error, done, ...rest] = told(7);
    expect(JSON.parse(dataOf(error))).toMatchObject({
      type: 'error',
      sequence_number: 8,
      error: { code: 'run_log_lost' },
    });
    expect([dataOf(done), rest]).toEqual(['[DONE]', []]);
    expect(told(0).map((frame) => /"type":"response.[a-z_]+"/.exec(dataOf(frame))?.[0])).toEqual([
      '"type":"response.in_progress"',
      '"type":"response.failed"',
      undefined,
    ]);
  });
});

describe('failures', () => {
  test.each<[ErrorCode, string]>([
    ['upstream_rate_limited', 'rate_limit_exceeded'],
    ['rate_limit_exceeded', 'rate_limit_exceeded'],
    ['context_length_exceeded', 'context_length_exceeded'],
    ['upstream_cut', 'invalid_prompt'],
    ['draining', 'server_error'],
    ['upstream_unreachable', 'server_error'],
    ['worker_lost', 'invalid_prompt'],
    ['run_timeout', 'invalid_prompt'],
  ])('%s is told as %s', (code, told) => {
    const { end, response } = readResponses(transcript(responses, logged([queued, failed(code)])));
    expect(end).toBe('response.failed');
    expect(response?.['error']).toEqual({ code: told, message: 'It broke.' });
  });

  test('before there is a response, it is an error event', () => {
    const { events, end } = readResponses(transcript(responses, logged([failed('run_log_lost')])));
    expect(end).toBe('error');
    expect(events).toEqual([
      {
        type: 'error',
        sequence_number: 0,
        error: { message: 'It broke.', type: 'server_error', param: null, code: 'run_log_lost' },
      },
    ]);
  });

  test('nothing follows [DONE]', () => {
    const events = logged([queued, failed('internal_error'), failed('internal_error')]);
    expect(transcript(responses, events)).toBe(transcript(responses, events.slice(0, 2)));
  });
});

describe('the response object', () => {
  test('repeats what the request said and has defaults for the rest', () => {
    const fields: JsonObject = { temperature: 0.5, store: false, conversation: { id: 'conv_1' }, user: 'u' };
    const snapshot = foldAll(logged([{ ...queued, echo: { fields }, metadata: { a: 'b' } }]));
    expect(responseObject(snapshot)).toMatchObject({ ...fields, metadata: { a: 'b' }, status: 'queued', top_p: 1 });
  });

  test('of a run of another protocol can be shown too', () => {
    const snapshot = foldAll(logged([{ ...queued, protocol: 'openai-chat', echo: { includeUsage: true } }]));
    expect(responseObject(snapshot)).toMatchObject({ status: 'queued', tools: [], store: true });
  });
});
