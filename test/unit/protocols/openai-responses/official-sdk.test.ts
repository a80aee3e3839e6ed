import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { foldAll, type JsonObject, type LoggedEvent } from '#libs/contract';
import { responseObject } from '#libs/protocols';
import { readResponses } from '../../../support/responses-grammar.js';

/** The golden streams as the official SDK reads them: what it puts together is the response object. */
const GOLDEN = join(import.meta.dirname, '../../../golden/openai-responses');
const cases = readdirSync(GOLDEN);

const read = (folder: string, file: string): string => readFileSync(join(GOLDEN, folder, file), 'utf8');

function eventsOf(folder: string): LoggedEvent[] {
  const lines = read(folder, 'events.jsonl').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as LoggedEvent);
}

const objectOf = (folder: string): JsonObject =>
  JSON.parse(JSON.stringify(responseObject(foldAll(eventsOf(folder))))) as JsonObject;

/** A client whose only answer is the text. */
function clientOf(text: string, type = 'text/event-stream'): OpenAI {
  const headers = { 'content-type': type };
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: () => Promise.resolve(new Response(text, { headers })) });
}

const request = { model: 'talaria', input: 'Hi' };

/** Without what the SDK adds for its callers. */
function withoutHelpers({ output_text: _, output_parsed: __, ...response }: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(response), (key, value: unknown) =>
    key === 'parsed' || key === 'parsed_arguments' ? undefined : value,
  ) as JsonObject;
}

describe('the official SDK', () => {
  test.each(cases)('puts together %s', async (folder) => {
    const stream = clientOf(read(folder, 'stream.sse')).responses.stream(request);
    const seen: string[] = [];
    stream.on('event', (event) => void seen.push(event.type));
    const final = await stream.finalResponse();
    expect(withoutHelpers(final as unknown as JsonObject)).toEqual(objectOf(folder));
    expect(seen).toEqual(readResponses(read(folder, 'stream.sse')).events.map((event) => event['type']));
  });

  test.each(cases)('has put together the output of %s before the last event', async (folder) => {
    const stream = clientOf(withoutEnd(read(folder, 'stream.sse'))).responses.stream(request);
    const cut = await stream.finalResponse();
    const output = withoutHelpers(cut as unknown as JsonObject)['output'] as readonly JsonObject[];
    expect(output.map(said)).toEqual((objectOf(folder)['output'] as readonly JsonObject[]).map(said));
  });

  test.each(cases)('reads the whole answer of %s', async (folder) => {
    const client = clientOf(JSON.stringify(objectOf(folder)), 'application/json');
    const response = await client.responses.retrieve('resp_1');
    const texts = readResponses(read(folder, 'stream.sse')).events.flatMap((event) =>
      event['type'] === 'response.output_text.delta' ? [String(event['delta'])] : [],
    );
    expect(response.output_text).toBe(texts.join(''));
  });

  test('throws on the error event of a response that never was', async () => {
    const text =
      'event: error\ndata: {"type":"error","sequence_number":0,"error":{"message":"Gone.","type":"server_error","param":null,"code":"run_log_lost"}}\n\ndata: [DONE]\n\n';
    await expect(clientOf(text).responses.stream(request).finalResponse()).rejects.toBeInstanceOf(APIError);
  });
});

/**
 * An item as the SDK puts it together on its own: it takes what `output_item.added` had, adds the deltas, and learns of
 * the rest from the terminal event.
 */
function said(item: JsonObject): JsonObject {
  const { phase: _, output: __, error: ___, status: ____, input: _____, encrypted_content: ______, ...rest } = item;
  return rest;
}

/** The stream without its terminal event. */
function withoutEnd(stream: string): string {
  const blocks = stream.split('\n\n').filter((block) => block !== '');
  return `${blocks.slice(0, -2).join('\n\n')}\n\ndata: [DONE]\n\n`;
}
