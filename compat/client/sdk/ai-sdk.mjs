import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { notOffered } from '../cells.mjs';
import { drain, IMAGE_SEEN, OBJECT, PNG, SUNNY, TOLD, words } from '../lab.mjs';

const prompt = 'Hello';
const shape = z.object({ city: z.string(), degrees: z.number() });
/** Without these it asks neither for usage nor for an object by its schema. */
const COMPATIBLE = { includeUsage: true, supportsStructuredOutputs: true };
const settings = ({ url, key }) => ({ baseURL: `${url}/v1`, apiKey: key });

/** The AI SDK of Vercel, by its four ways to this gateway. */
export default () => ({
  protocols: {
    'Chat (@ai-sdk/openai)': features((lab, id) => createOpenAI(settings(lab)).chat(id), {}),
    'Chat (@ai-sdk/openai-compatible)': features(
      (lab, id) => createOpenAICompatible({ name: 'talaria', ...COMPATIBLE, ...settings(lab) })(id),
      {},
    ),
    Responses: features((lab, id) => createOpenAI(settings(lab)).responses(id), { showsServerCalls: true }),
    Messages: features((lab, id) => createAnthropic(settings(lab))(id), { showsServerCalls: true }),
  },
});

const weather = (cities) =>
  tool({
    inputSchema: z.object({ city: z.string() }),
    execute: (input) => {
      cities.push(input);
      return SUNNY;
    },
  });

const features = (modelOf, { showsServerCalls = false }) => ({
  async stream(lab) {
    const { textStream, finishReason, usage } = streamText({ model: modelOf(lab, lab.model('ok:gap=400')), prompt });
    const { items } = await drain(textStream);
    assert.ok(items.length > 1);
    assert.equal(items.join('').trim(), words(8).trim());
    assert.equal(await finishReason, 'stop');
    assert.ok((await usage).outputTokens > 0);
  },
  async clientTools(lab) {
    const { cities, steps, text } = await withWeather(modelOf(lab, lab.scripted('client-tool')));
    assert.equal(text, TOLD);
    assert.deepEqual(cities, [{ city: 'Paris' }]);
    assert.equal(steps.length, 2);
  },
  async serverTools(lab) {
    const result = streamText({ model: modelOf(lab, lab.scripted('server-tool')), prompt, stopWhen: isStepCount(3) });
    assert.match(await result.text, /It said: .*"timezone":"UTC"/);
    assert.equal(await result.finishReason, 'stop');
    const steps = await result.steps;
    assert.equal(steps.length, 1);
    mustShowServerCall(steps[0], showsServerCalls);
  },
  async mixed(lab) {
    const { cities, steps, text } = await withWeather(modelOf(lab, lab.scripted('mixed')));
    assert.equal(text, TOLD);
    assert.deepEqual(cities, [{ city: 'Paris' }]);
    assert.equal(steps.length, 2);
    mustShowServerCall(steps[0], showsServerCalls);
    return showsServerCalls ? undefined : 'the call of the server is not in the next request';
  },
  async structured(lab) {
    const model = modelOf(lab, lab.scripted('structured'));
    const { output } = await generateText({ model, prompt, output: Output.object({ schema: shape }) });
    assert.deepEqual(output, OBJECT);
  },
  async images(lab) {
    const image = { type: 'file', mediaType: 'image/png', data: Buffer.from(PNG, 'base64') };
    const content = [{ type: 'text', text: 'What is it?' }, image];
    const model = modelOf(lab, lab.scripted('image'));
    assert.equal((await generateText({ model, messages: [{ role: 'user', content }] })).text, IMAGE_SEEN);
  },
  async cancel(lab) {
    const id = lab.model('ok:n=1000,gap=50');
    const abort = new AbortController();
    const { stream } = streamText({ model: modelOf(lab, id), prompt, abortSignal: abort.signal, onError() {} });
    const types = [];
    for await (const { type } of stream) {
      types.push(type);
      if (type === 'text-delta') abort.abort();
    }
    assert.equal(types.at(-1), 'abort');
    await lab.untilAborted(id);
  },
  resume: notOffered('`resume` of its hooks reads a stream that your own server kept'),
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const model = modelOf(lab, lab.model(behaviour));
      const result = streamText({ model, prompt, onError() {}, maxRetries: 0 });
      const { items } = await drain(result.stream);
      const deltas = items.filter(({ type }) => type === 'text-delta');
      assert.equal(deltas.map(({ text }) => text).join(''), words(2));
      assert.equal(items.filter(({ type }) => type === 'error').length, 1, JSON.stringify(items));
      assert.notEqual(items.find(({ type }) => type === 'finish')?.finishReason, 'stop');
    }
  },
  async busy(lab) {
    await lab.whileBusy(async (narrow) => {
      const { text } = await generateText({ model: modelOf(narrow, lab.model('ok')), prompt, maxRetries: 5 });
      assert.equal(text.trim(), words(8).trim());
    });
  },
  async silence(lab) {
    const model = modelOf(lab, lab.model(`ok:n=4,first=${lab.silenceMs}`));
    assert.equal((await streamText({ model, prompt }).text).trim(), words(4).trim());
  },
});

async function withWeather(model) {
  const cities = [];
  const tools = { weather: weather(cities) };
  const result = streamText({ model, prompt, tools, stopWhen: isStepCount(4) });
  return { text: await result.text, steps: await result.steps, cities };
}

function mustShowServerCall(step, isShown) {
  const calls = step.toolCalls.filter(({ providerExecuted }) => providerExecuted);
  const results = step.toolResults.filter(({ providerExecuted }) => providerExecuted);
  assert.equal(calls.length, isShown ? 1 : 0, JSON.stringify(step.toolCalls));
  assert.equal(results.length, isShown ? 1 : 0, JSON.stringify(step.content));
  if (isShown) assert.match(JSON.stringify(results[0].output), /timezone/);
}
