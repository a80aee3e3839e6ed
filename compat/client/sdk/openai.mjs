import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { notOffered } from '../cells.mjs';
import { drain, IMAGE_SEEN, OBJECT, PNG, rejection, SUNNY, TOLD, words } from '../lab.mjs';

const require = createRequire(import.meta.url);
const question = [{ role: 'user', content: 'Hello' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const shape = z.object({ city: z.string(), degrees: z.number() });

/** The official SDK of OpenAI, in the version that the first package names. */
export default ({ packages: [id] }) => {
  const { default: OpenAI, APIError, APIUserAbortError } = require(id);
  const helpers = require(`${id}/helpers/zod`);
  const clientOf = ({ url, key }, more = {}) =>
    new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, ...more });
  const tools = { OpenAI, APIError, APIUserAbortError, helpers, clientOf };
  return { protocols: { Chat: chat(tools), Responses: responses(tools) } };
};

const chat = ({ APIError, APIUserAbortError, helpers, clientOf }) => ({
  async stream(lab) {
    const client = clientOf(lab);
    const stream = client.chat.completions.stream({
      model: lab.model('ok:gap=400'),
      messages: question,
      stream_options: { include_usage: true },
    });
    const deltas = [];
    stream.on('content', (delta) => deltas.push(delta));
    const completion = await stream.finalChatCompletion();
    assert.equal(completion.choices[0].message.content, words(8));
    assert.equal(completion.choices[0].finish_reason, 'stop');
    assert.ok(deltas.length > 1);
    assert.equal(deltas.join(''), words(8));
    assert.ok(completion.usage.completion_tokens > 0);
    const whole = await client.chat.completions.create({ model: lab.model('ok'), messages: question });
    assert.equal(whole.choices[0].message.content, words(8));
  },
  async clientTools(lab) {
    const cities = [];
    const runner = clientOf(lab).chat.completions.runTools({
      model: lab.scripted('client-tool'),
      messages: question,
      stream: true,
      tools: [weatherTool(cities)],
    });
    assert.equal(await runner.finalContent(), TOLD);
    assert.deepEqual(cities, [{ city: 'Paris' }]);
  },
  async serverTools(lab) {
    const client = clientOf(lab);
    const stream = client.chat.completions.stream({ model: lab.scripted('server-tool'), messages: question });
    const completion = await stream.finalChatCompletion();
    assert.match(completion.choices[0].message.content, /It said: .*"timezone":"UTC"/);
    assert.equal(completion.choices[0].message.tool_calls ?? undefined, undefined);
    assert.equal(completion.choices[0].finish_reason, 'stop');
  },
  async mixed(lab) {
    const cities = [];
    const model = lab.scripted('mixed');
    const runner = clientOf(lab).chat.completions.runTools({
      model,
      messages: question,
      stream: true,
      tools: [weatherTool(cities)],
    });
    assert.equal(await runner.finalContent(), TOLD);
    assert.deepEqual(cities, [{ city: 'Paris' }]);
    const calls = runner.messages.flatMap(({ tool_calls }) => tool_calls ?? []);
    assert.deepEqual(
      calls.map((call) => call.function.name),
      ['weather'],
    );
    assert.equal((await lab.seen(model)).length, 2);
    return 'the call of the server is not in the next request';
  },
  async structured(lab) {
    const completion = await clientOf(lab).chat.completions.parse({
      model: lab.scripted('structured'),
      messages: question,
      response_format: helpers.zodResponseFormat(shape, 'weather'),
    });
    assert.deepEqual(completion.choices[0].message.parsed, OBJECT);
  },
  async images(lab) {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
    const content = [{ type: 'text', text: 'What is it?' }, image];
    const completion = await clientOf(lab).chat.completions.create({
      model: lab.scripted('image'),
      messages: [{ role: 'user', content }],
    });
    assert.equal(completion.choices[0].message.content, IMAGE_SEEN);
  },
  async cancel(lab) {
    const model = lab.model('ok:n=1000,gap=50');
    const stream = clientOf(lab).chat.completions.stream({ model, messages: question });
    stream.once('content', () => stream.abort());
    assert.ok((await rejection(stream.done())) instanceof APIUserAbortError);
    assert.equal(stream.aborted, true);
    await lab.untilAborted(model);
  },
  resume: notOffered('Chat Completions has no way to name the missed part; `GET /v1/runs/{X-Run-Id}/events` has'),
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const ask = { model: lab.model(behaviour), messages: question, stream: true };
      const { items, error } = await drain(await clientOf(lab).chat.completions.create(ask));
      assert.equal(items.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), words(2));
      assert.ok(error instanceof APIError, String(error));
      assert.equal(items.filter(({ choices }) => choices[0]?.finish_reason).length, 0);
    }
  },
  async busy(lab) {
    await lab.whileBusy(async (narrow) => {
      const client = clientOf(narrow, { maxRetries: 5 });
      const stream = client.chat.completions.stream({ model: lab.model('ok'), messages: question });
      assert.equal(await stream.finalContent(), words(8));
    });
  },
  async silence(lab) {
    const client = clientOf(lab);
    const stream = client.chat.completions.stream({
      model: lab.model(`ok:n=4,first=${lab.silenceMs}`),
      messages: question,
    });
    assert.equal(await stream.finalContent(), words(4));
  },
});

const weatherTool = (cities) => ({
  type: 'function',
  function: {
    name: 'weather',
    parameters,
    parse: JSON.parse,
    function: (args) => {
      cities.push(args);
      return SUNNY;
    },
  },
});

const weatherFunction = { type: 'function', name: 'weather', parameters, strict: false };

const responses = ({ APIError, APIUserAbortError, helpers, clientOf }) => ({
  async stream(lab) {
    const client = clientOf(lab);
    const stream = client.responses.stream({ model: lab.model('ok:gap=400'), input: 'Hello' });
    const deltas = [];
    stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta));
    const response = await stream.finalResponse();
    assert.equal(response.output_text, words(8));
    assert.equal(response.status, 'completed');
    assert.equal(deltas.join(''), words(8));
    assert.ok(deltas.length > 1);
    assert.ok(response.usage.output_tokens > 0);
    const whole = await client.responses.create({ model: lab.model('ok'), input: 'Hello' });
    assert.equal(whole.output_text, words(8));
    assert.equal((await client.responses.retrieve(whole.id)).output_text, words(8));
  },
  async clientTools(lab) {
    const { called } = await roundTrip(clientOf(lab), lab.scripted('client-tool'));
    assert.deepEqual(
      called.output.map(({ type }) => type),
      ['function_call'],
    );
  },
  async serverTools(lab) {
    const stream = clientOf(lab).responses.stream({ model: lab.scripted('server-tool'), input: 'Hello' });
    const { output, output_text, status } = await stream.finalResponse();
    assert.equal(status, 'completed');
    assert.match(output_text, /It said: .*"timezone":"UTC"/);
    const [call] = output;
    assert.equal(call.type, 'mcp_call');
    assert.equal(call.name, 'current_time');
    assert.match(call.output, /"timezone":"UTC"/);
  },
  async mixed(lab) {
    const { called } = await roundTrip(clientOf(lab), lab.scripted('mixed'));
    assert.deepEqual(called.output.map(({ type }) => type).sort(), ['function_call', 'mcp_call']);
  },
  async structured(lab) {
    const response = await clientOf(lab).responses.parse({
      model: lab.scripted('structured'),
      input: 'Hello',
      text: { format: helpers.zodTextFormat(shape, 'weather') },
    });
    assert.deepEqual(response.output_parsed, OBJECT);
  },
  async images(lab) {
    const image = { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${PNG}` };
    const content = [{ type: 'input_text', text: 'What is it?' }, image];
    const { output_text } = await clientOf(lab).responses.create({
      model: lab.scripted('image'),
      input: [{ role: 'user', content }],
    });
    assert.equal(output_text, IMAGE_SEEN);
  },
  async cancel(lab) {
    const client = clientOf(lab);
    const model = lab.model('ok:n=1000,gap=50');
    const stream = client.responses.stream({ model, input: 'Hello' });
    stream.once('response.output_text.delta', () => stream.abort());
    assert.ok((await rejection(stream.done())) instanceof APIUserAbortError);
    await lab.untilAborted(model);
    const background = lab.model('ok:n=1000,gap=50');
    const { id } = await client.responses.create({ model: background, input: 'Hello', background: true });
    assert.equal((await client.responses.cancel(id)).status, 'cancelled');
    assert.equal((await client.responses.retrieve(id)).status, 'cancelled');
  },
  async resume(lab) {
    const client = clientOf(lab);
    const ask = { model: lab.model('ok:n=20,gap=50'), input: 'Hello', background: true, stream: true };
    const before = [];
    for await (const event of await client.responses.create(ask)) {
      before.push(event);
      if (before.filter(({ type }) => type === 'response.output_text.delta').length === 3) break;
    }
    const after = await client.responses.retrieve(before[0].response.id, {
      stream: true,
      starting_after: before.findLast(({ type }) => type !== 'keepalive').sequence_number,
    });
    const { items, error } = await drain(after);
    assert.equal(error, undefined);
    // Signs of life have no number.
    const events = [...before, ...items].filter(({ type }) => type !== 'keepalive');
    assert.deepEqual(
      events.map(({ sequence_number }) => sequence_number),
      events.map((_, i) => i),
    );
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    assert.equal(deltas.map(({ delta }) => delta).join(''), words(20));
    assert.equal(events.at(-1).type, 'response.completed');
    return 'by `starting_after`, of responses in the background';
  },
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const ask = { model: lab.model(behaviour), input: 'Hello' };
      const { items } = await drain(await clientOf(lab).responses.create({ ...ask, stream: true }));
      const deltas = items.filter(({ type }) => type === 'response.output_text.delta');
      assert.equal(deltas.map(({ delta }) => delta).join(''), words(2));
      assert.equal(items.at(-1).type, 'response.failed');
      assert.ok(items.at(-1).response.error.message.length > 0);
      const { status, error } = await clientOf(lab)
        .responses.stream({ ...ask, model: lab.model(behaviour) })
        .finalResponse();
      assert.equal(status, 'failed');
      assert.ok(error.code.length > 0);
    }
    assert.equal(typeof APIError, 'function');
    return 'as `response.failed`; the SDK raises nothing';
  },
  async busy(lab) {
    await lab.whileBusy(async (narrow) => {
      const client = clientOf(narrow, { maxRetries: 5 });
      const stream = client.responses.stream({ model: lab.model('ok'), input: 'Hello' });
      assert.equal((await stream.finalResponse()).output_text, words(8));
    });
  },
  async silence(lab) {
    const client = clientOf(lab);
    const model = lab.model(`ok:n=4,first=${lab.silenceMs}`);
    const response = await client.responses.stream({ model, input: 'Hello' }).finalResponse();
    assert.equal(response.output_text, words(4));
  },
});

/** The helper adds a field to calls that no request has. */
const asSent = (item) => {
  const sent = { ...item };
  delete sent.parsed_arguments;
  return sent;
};

/** The call of the caller's function, its result, and the answer; items go back as the SDK gave them. */
async function roundTrip(client, model) {
  const called = await client.responses.stream({ model, input: 'Hello', tools: [weatherFunction] }).finalResponse();
  const call = called.output.find(({ type }) => type === 'function_call');
  assert.equal(call?.name, 'weather');
  assert.deepEqual(JSON.parse(call.arguments), { city: 'Paris' });
  const result = { type: 'function_call_output', call_id: call.call_id, output: SUNNY };
  const chained = { model, previous_response_id: called.id, input: [result], tools: [weatherFunction] };
  assert.equal((await client.responses.create(chained)).output_text, TOLD);
  const input = [{ role: 'user', content: 'Hello' }, ...called.output.map(asSent), result];
  assert.equal((await client.responses.create({ model, input, tools: [weatherFunction] })).output_text, TOLD);
  return { called };
}
