import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#libs/contract';
import { protocolNamed } from '../../../support/chat-request.js';

/** The golden streams as the official SDK reads them: what it puts together is the whole answer. */
const GOLDEN = join(import.meta.dirname, '../../../golden/anthropic-messages');
const read = (folder: string, file: string): string => readFileSync(join(GOLDEN, folder, file), 'utf8');
const endsWell = (folder: string): boolean => read(folder, 'stream.sse').includes('message_stop');
const cases = readdirSync(GOLDEN);

/** A client whose only answer is the text. */
function clientOf(text: string, type = 'text/event-stream', status = 200): Anthropic {
  const headers = { 'content-type': type, 'request-id': 'req_1' };
  const fetch = (): Promise<Response> => Promise.resolve(new Response(text, { status, headers }));
  return new Anthropic({ apiKey: 'none', maxRetries: 0, fetch });
}

const request = { model: 'talaria', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };
const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

describe('the official SDK', () => {
  test.each(cases.filter(endsWell))('puts together %s', async (folder) => {
    const message = await clientOf(read(folder, 'stream.sse')).messages.stream(request).finalMessage();
    const whole = JSON.parse(read(folder, 'final.json')) as JsonObject;
    expect(plain(message)).toMatchObject(whole);
  });

  test.each(cases.filter(endsWell))('reads the whole answer of %s', async (folder) => {
    const message = await clientOf(read(folder, 'final.json'), 'application/json').messages.create(request);
    expect(plain(message)).toMatchObject(JSON.parse(read(folder, 'final.json')) as JsonObject);
  });

  test.each(cases.filter((folder) => !endsWell(folder)))('throws for the broken stream of %s', async (folder) => {
    await expect(clientOf(read(folder, 'stream.sse')).messages.stream(request).finalMessage()).rejects.toThrow(
      APIError,
    );
  });

  test('an error body has a class, a type, details and the id of the request', async () => {
    const protocol = protocolNamed('anthropic-messages');
    const error = {
      code: 'missing_required_parameter',
      message: "'max_tokens' is required.",
      param: 'max_tokens',
    } as const;
    const body = protocol.error(error, { requestId: 'req_1' });
    const asked = clientOf(JSON.stringify(body), 'application/json', 400).messages.create(request);
    const thrown = await asked.catch((cause: unknown) => cause);
    expect(thrown).toBeInstanceOf(Anthropic.BadRequestError);
    expect(thrown).toMatchObject({
      requestID: 'req_1',
      error: { type: 'error', error: { type: 'invalid_request_error', details: { param: 'max_tokens' } } },
    });
  });
});
