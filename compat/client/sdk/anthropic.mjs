import assert from 'node:assert/strict';
import Anthropic, { APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { notOffered } from '../cells.mjs';
import { drain, IMAGE_SEEN, OBJECT, PNG, rejection, SUNNY, TOLD, words } from '../lab.mjs';

const shape = z.object({ city: z.string(), degrees: z.number() });
const clientOf = ({ url, key }, more) => new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, ...more });
const ask = (model, more) => ({ model, max_tokens: 4_096, messages: [{ role: 'user', content: 'Hello' }], ...more });
const textOf = ({ content }) => content.map(({ type, text }) => (type === 'text' ? text : '')).join('');
const typesOf = ({ content }) => content.map(({ type }) => type);

/** The official SDK of Anthropic. */
export default () => ({ protocols: { Messages: messages } });

const messages = {
  async stream(lab) {
    const stream = clientOf(lab).messages.stream(ask(lab.model('ok:gap=400')));
    const deltas = [];
    stream.on('text', (delta) => deltas.push(delta));
    const message = await stream.finalMessage();
    assert.equal(textOf(message), words(8));
    assert.equal(deltas.join(''), words(8));
    assert.ok(deltas.length > 1);
    assert.equal(message.stop_reason, 'end_turn');
    assert.ok(message.usage.output_tokens > 0);
    assert.equal(textOf(await clientOf(lab).messages.create(ask(lab.model('ok')))), words(8));
  },
  async clientTools(lab) {
    const { cities, seen } = await withWeather(lab, 'client-tool');
    assert.deepEqual(cities, [{ city: 'Paris' }]);
    assert.deepEqual(seen.map(typesOf), [['tool_use'], ['text']]);
    assert.equal(textOf(seen[1]), TOLD);
    return 'its tool runner asks for a `thread`, is refused, and goes on without one';
  },
  async serverTools(lab) {
    const message = await clientOf(lab)
      .messages.stream(ask(lab.scripted('server-tool')))
      .finalMessage();
    assert.deepEqual(typesOf(message), ['mcp_tool_use', 'mcp_tool_result', 'text']);
    assert.match(textOf(message), /It said: .*"timezone":"UTC"/);
    assert.equal(message.stop_reason, 'end_turn');
  },
  async mixed(lab) {
    const { cities, seen } = await withWeather(lab, 'mixed');
    assert.deepEqual(cities, [{ city: 'Paris' }]);
    const [called, answered] = seen.map(typesOf);
    assert.deepEqual([...called].sort(), ['mcp_tool_result', 'mcp_tool_use', 'tool_use']);
    assert.deepEqual(answered, ['text']);
    assert.equal(textOf(seen[1]), TOLD);
  },
  async structured(lab) {
    const format = { output_config: { format: zodOutputFormat(shape) } };
    const message = await clientOf(lab).messages.parse(ask(lab.scripted('structured'), format));
    assert.deepEqual(message.parsed_output, OBJECT);
  },
  async images(lab) {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
    const content = [{ type: 'text', text: 'What is it?' }, image];
    const message = await clientOf(lab).messages.create(
      ask(lab.scripted('image'), { messages: [{ role: 'user', content }] }),
    );
    assert.equal(textOf(message), IMAGE_SEEN);
  },
  async cancel(lab) {
    const model = lab.model('ok:n=1000,gap=50');
    const stream = clientOf(lab).messages.stream(ask(model));
    stream.once('text', () => stream.abort());
    assert.ok((await rejection(stream.done())) instanceof APIUserAbortError);
    await lab.untilAborted(model);
  },
  resume: notOffered('Messages has no way to name the missed part; `GET /v1/runs/{X-Run-Id}/events` has'),
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const stream = await clientOf(lab).messages.create({ ...ask(lab.model(behaviour)), stream: true });
      const { items, error } = await drain(stream);
      assert.equal(items.map(({ delta }) => delta?.text ?? '').join(''), words(2));
      assert.ok(error instanceof APIError, String(error));
      assert.equal(items.filter(({ type }) => type === 'message_stop').length, 0);
      const whole = clientOf(lab)
        .messages.stream(ask(lab.model(behaviour)))
        .finalMessage();
      assert.ok((await rejection(whole)) instanceof Anthropic.AnthropicError);
    }
  },
  async busy(lab) {
    await lab.whileBusy(async (narrow) => {
      const stream = clientOf(narrow, { maxRetries: 5 }).messages.stream(ask(lab.model('ok')));
      assert.equal(textOf(await stream.finalMessage()), words(8));
    });
  },
  async silence(lab) {
    const stream = clientOf(lab).messages.stream(ask(lab.model(`ok:n=4,first=${lab.silenceMs}`)));
    assert.equal(textOf(await stream.finalMessage()), words(4));
  },
};

/** The tool runner of the SDK: it carries out the calls of the caller's tools and nothing else. */
async function withWeather(lab, name) {
  const cities = [];
  const weather = betaZodTool({
    name: 'weather',
    description: 'The weather in a city.',
    inputSchema: z.object({ city: z.string() }),
    run: (input) => {
      cities.push(input);
      return SUNNY;
    },
  });
  const runner = clientOf(lab).beta.messages.toolRunner({ ...ask(lab.scripted(name)), tools: [weather], stream: true });
  const seen = [];
  for await (const stream of runner) seen.push(await stream.finalMessage());
  return { cities, seen };
}
