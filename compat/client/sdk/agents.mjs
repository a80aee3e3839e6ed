import assert from 'node:assert/strict';
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { z } from 'zod';
import { notOffered } from '../cells.mjs';
import { drain, IMAGE_SEEN, OBJECT, PNG, rejection, SUNNY, TOLD, words } from '../lab.mjs';

const shape = z.object({ city: z.string(), degrees: z.number() });

/** The Agents SDK of OpenAI; its own traces would go to OpenAI and are off. */
export default () => ({
  protocols: { Chat: features({ useResponses: false }), Responses: features({ useResponses: true }) },
});

const runnerOf = ({ url, key }, useResponses) =>
  new Runner({
    modelProvider: new OpenAIProvider({ baseURL: `${url}/v1`, apiKey: key, useResponses }),
    tracingDisabled: true,
  });
const agentOf = (model, more = {}) => new Agent({ name: 'Helper', instructions: 'You help.', model, ...more });

const weather = (cities) =>
  tool({
    name: 'weather',
    description: 'The weather in a city.',
    parameters: z.object({ city: z.string() }),
    execute: (input) => {
      cities.push(input);
      return SUNNY;
    },
  });
/** Names of the calls that a result holds, the gateway's included. */
const callsOf = ({ newItems }) =>
  newItems.filter(({ type }) => type === 'tool_call_item').map(({ rawItem }) => `${rawItem.type} ${rawItem.name}`);

const features = ({ useResponses }) => {
  const ask = async (lab, agent, input = 'Hello', options = {}) => {
    const result = await runnerOf(lab, useResponses).run(agent, input, { stream: true, ...options });
    await result.completed;
    return result;
  };
  const hosted = useResponses ? ['hosted_tool_call mcp_call'] : [];
  return {
    async stream(lab) {
      const agent = agentOf(lab.model('ok:gap=400'));
      const result = await runnerOf(lab, useResponses).run(agent, 'Hello', { stream: true });
      const { items } = await drain(result.toTextStream());
      await result.completed;
      assert.ok(items.length > 1);
      assert.equal(items.join(''), words(8));
      assert.equal(result.finalOutput, words(8));
      assert.ok(result.runContext.usage.outputTokens > 0);
    },
    async clientTools(lab) {
      const cities = [];
      const result = await ask(lab, agentOf(lab.scripted('client-tool'), { tools: [weather(cities)] }));
      assert.equal(result.finalOutput, TOLD);
      assert.deepEqual(cities, [{ city: 'Paris' }]);
    },
    async serverTools(lab) {
      const model = lab.scripted('server-tool');
      const result = await ask(lab, agentOf(model));
      assert.match(result.finalOutput, /It said: .*"timezone":"UTC"/);
      assert.deepEqual(
        callsOf(result).map((one) => one.replace(/current_time$/, 'mcp_call')),
        hosted,
      );
      assert.equal((await lab.seen(model)).length, 2);
    },
    async mixed(lab) {
      const cities = [];
      const result = await ask(lab, agentOf(lab.scripted('mixed'), { tools: [weather(cities)] }));
      assert.equal(result.finalOutput, TOLD);
      assert.deepEqual(cities, [{ city: 'Paris' }]);
      const calls = callsOf(result).map((one) => one.replace(/current_time$/, 'mcp_call'));
      assert.deepEqual(calls.sort(), ['function_call weather', ...hosted]);
      return useResponses ? undefined : 'the call of the server is not in the next request';
    },
    async structured(lab) {
      const result = await ask(lab, agentOf(lab.scripted('structured'), { outputType: shape }));
      assert.deepEqual(result.finalOutput, OBJECT);
    },
    async images(lab) {
      const content = [
        { type: 'input_text', text: 'What is it?' },
        { type: 'input_image', image: `data:image/png;base64,${PNG}` },
      ];
      const result = await ask(lab, agentOf(lab.scripted('image')), [{ role: 'user', content }]);
      assert.equal(result.finalOutput, IMAGE_SEEN);
    },
    async cancel(lab) {
      const model = lab.model('ok:n=1000,gap=50');
      const abort = new AbortController();
      const options = { stream: true, signal: abort.signal };
      const result = await runnerOf(lab, useResponses).run(agentOf(model), 'Hello', options);
      const { items } = await drain(stopAtFirst(result.toTextStream(), abort));
      await result.completed.catch(() => undefined);
      assert.ok(items.length < 1_000);
      assert.equal(result.finalOutput, undefined);
      assert.equal(result.cancelled, true);
      await lab.untilAborted(model);
    },
    resume: notOffered('its `RunState` goes on after an interruption of its own, not in the middle of a stream'),
    async errors(lab) {
      for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
        const agent = agentOf(lab.model(behaviour));
        const error = await rejection(ask(lab, agent));
        assert.ok(error instanceof Error && error.message.length > 0);
      }
    },
    async busy(lab) {
      await lab.whileBusy(async (narrow) => {
        assert.equal((await ask(narrow, agentOf(lab.model('ok')))).finalOutput, words(8));
      });
    },
    async silence(lab) {
      const result = await ask(lab, agentOf(lab.model(`ok:n=4,first=${lab.silenceMs}`)));
      assert.equal(result.finalOutput, words(4));
    },
  };
};

async function* stopAtFirst(stream, abort) {
  for await (const delta of stream) {
    yield delta;
    abort.abort();
  }
}
