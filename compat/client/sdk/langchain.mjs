import assert from 'node:assert/strict';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { limit, notOffered } from '../cells.mjs';
import { drain, IMAGE_SEEN, OBJECT, PNG, rejection, SUNNY, TOLD, words } from '../lab.mjs';

const shape = z.object({ city: z.string(), degrees: z.number() });
const openai = (useResponsesApi) => (lab, model, more) =>
  new ChatOpenAI({
    model,
    apiKey: lab.key,
    configuration: { baseURL: `${lab.url}/v1` },
    useResponsesApi,
    maxRetries: 0,
    ...more,
  });
const anthropic = (lab, model, more) =>
  new ChatAnthropic({ model, apiKey: lab.key, anthropicApiUrl: lab.url, maxTokens: 4_096, maxRetries: 0, ...more });

const question = new HumanMessage('Hello');

/** LangChain's chat models. */
export default () => ({
  protocols: {
    Chat: features(openai(false)),
    Responses: { ...features(openai(true)), errors: silentEnd },
    Messages: features(anthropic),
  },
});

const silentEnd = limit(
  'LangChain passes over `response.failed`: the answer ends early and nothing says so',
  async (lab) => {
    const { items, error } = await drain(
      await openai(true)(lab, lab.model('error-in-stream:after=2')).stream([question]),
    );
    assert.equal(error, undefined);
    assert.equal(items.map(({ text }) => text).join(''), words(2));
  },
);

const weather = tool(() => SUNNY, {
  name: 'weather',
  description: 'The weather in a city.',
  schema: z.object({ city: z.string() }),
});
/** A stream's chunks, put together as its users do. */
async function whole(stream) {
  let sum;
  for await (const chunk of await stream) sum = sum ? sum.concat(chunk) : chunk;
  return sum;
}

const features = (modelOf) => ({
  async stream(lab) {
    const { items } = await drain(await modelOf(lab, lab.model('ok:gap=400')).stream([question]));
    const texts = items.map(({ text }) => text).filter(Boolean);
    assert.ok(texts.length > 1);
    assert.equal(texts.join(''), words(8));
    const message = items.reduce((sum, chunk) => sum.concat(chunk));
    assert.ok(message.usage_metadata.output_tokens > 0);
    assert.equal((await modelOf(lab, lab.model('ok')).invoke([question])).text, words(8));
  },
  clientTools: (lab) => roundTrip(modelOf(lab, lab.scripted('client-tool')).bindTools([weather])),
  async serverTools(lab) {
    const message = await whole(modelOf(lab, lab.scripted('server-tool')).stream([question]));
    assert.match(message.text, /It said: .*"timezone":"UTC"/);
    assert.deepEqual(message.tool_calls ?? [], []);
  },
  mixed: (lab) => roundTrip(modelOf(lab, lab.scripted('mixed')).bindTools([weather])),
  async structured(lab) {
    const model = modelOf(lab, lab.scripted('structured')).withStructuredOutput(shape, { method: 'jsonSchema' });
    assert.deepEqual(await model.invoke([question]), OBJECT);
  },
  async images(lab) {
    const image = { type: 'image', mimeType: 'image/png', data: PNG };
    const message = new HumanMessage({ contentBlocks: [{ type: 'text', text: 'What is it?' }, image] });
    assert.equal((await modelOf(lab, lab.scripted('image')).invoke([message])).text, IMAGE_SEEN);
  },
  async cancel(lab) {
    const model = lab.model('ok:n=1000,gap=50');
    const abort = new AbortController();
    const stream = await modelOf(lab, model).stream([question], { signal: abort.signal });
    const { items, error } = await drain(stopAtFirstText(stream, abort));
    assert.ok(items.length < 1_000);
    assert.match(`${error?.name} ${error?.message}`, /abort/i);
    await lab.untilAborted(model);
  },
  resume: notOffered('a stream is read once'),
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const { items, error } = await drain(await modelOf(lab, lab.model(behaviour)).stream([question]));
      assert.equal(items.map(({ text }) => text).join(''), words(2));
      assert.ok(error instanceof Error, `no error, but ${JSON.stringify(items.at(-1))}`);
    }
    await rejection(modelOf(lab, lab.model('error-in-stream:after=2'), { streaming: true }).invoke([question]));
  },
  async busy(lab) {
    await lab.whileBusy(async (narrow) => {
      const model = modelOf(narrow, lab.model('ok'), { maxRetries: 5 });
      assert.equal((await model.invoke([question])).text, words(8));
    });
  },
  async silence(lab) {
    const message = await whole(modelOf(lab, lab.model(`ok:n=4,first=${lab.silenceMs}`)).stream([question]));
    assert.equal(message.text, words(4));
  },
});

async function roundTrip(model) {
  const called = await whole(model.stream([question]));
  assert.deepEqual(
    called.tool_calls.map(({ name, args }) => [name, args]),
    [['weather', { city: 'Paris' }]],
  );
  const result = new ToolMessage({ content: SUNNY, tool_call_id: called.tool_calls[0].id });
  assert.equal((await model.invoke([question, called, result])).text, TOLD);
}

async function* stopAtFirstText(stream, abort) {
  for await (const chunk of stream) {
    yield chunk;
    if (chunk.text) abort.abort();
  }
}
