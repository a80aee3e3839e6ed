import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { isJsonObject, type JsonObject } from '#libs/contract';

/** The golden streams as the official SDK reads them: what it puts together is the golden answer. */
const GOLDEN = join(import.meta.dirname, '../../../golden/openai-chat');
const cases = readdirSync(GOLDEN);

const read = (folder: string, file: string): string => readFileSync(join(GOLDEN, folder, file), 'utf8');

/** A client whose only answer is the text. */
function clientOf(text: string): OpenAI {
  const headers = { 'content-type': 'text/event-stream' };
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: () => Promise.resolve(new Response(text, { headers })) });
}

const request = { model: 'talaria', messages: [{ role: 'user', content: 'Hi' }] } as const;

describe('the official SDK', () => {
  test.each(cases)('puts together %s', async (folder) => {
    const stream = clientOf(read(folder, 'stream.sse')).chat.completions.stream({
      ...request,
      messages: [request.messages[0]],
    });
    const isBroken = read(folder, 'stream.sse').includes('data: {"error"');
    if (isBroken) {
      await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(APIError);
      return;
    }
    const message = await messageOf(stream);
    const expected = goldenMessage(folder);
    expect(message.content ?? '').toBe(expected['content'] ?? '');
    expect(message.refusal ?? null).toBe(expected['refusal']);
    const calls = (message.tool_calls ?? []).map((call) => (call.type === 'function' ? call.function : call));
    const expectedCalls = (expected['tool_calls'] ?? []) as readonly JsonObject[];
    expect(calls).toMatchObject(expectedCalls.map((call) => call['function']));
  });

  test.each(cases)('finds choices in every chunk of %s', async (folder) => {
    const chunks = await clientOf(read(folder, 'stream.sse')).chat.completions.create({
      ...request,
      stream: true,
      messages: [request.messages[0]],
    });
    const seen: string[] = [];
    const readAll = async (): Promise<void> => {
      for await (const { choices } of chunks) seen.push(...choices.map(({ delta }) => delta.content ?? ''));
    };
    if (read(folder, 'stream.sse').includes('data: {"error"')) await expect(readAll()).rejects.toBeInstanceOf(APIError);
    else {
      await readAll();
      expect(seen.join('')).toBe(goldenMessage(folder)['content'] ?? '');
    }
  });
});

type ChatStream = ReturnType<OpenAI['chat']['completions']['stream']>;

/** The message of an answer that was cut is not final for the SDK; what it had read until then counts here. */
async function messageOf(stream: ChatStream): Promise<OpenAI.ChatCompletionMessage> {
  const { choices } = await stream.finalChatCompletion();
  const [choice] = choices;
  if (!choice) throw new Error('no choice');
  return choice.message;
}

function goldenMessage(folder: string): JsonObject {
  const final = JSON.parse(read(folder, 'final.json')) as JsonObject;
  const [choice] = (final['choices'] ?? []) as readonly JsonObject[];
  const message = choice?.['message'];
  if (!isJsonObject(message)) throw new Error(`${folder} has no message`);
  return message;
}
