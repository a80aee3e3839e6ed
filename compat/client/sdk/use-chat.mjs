import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport, getToolName, isToolUIPart, lastAssistantMessageIsCompleteWithToolCalls } from 'ai';
import { notOffered } from '../cells.mjs';
import { IMAGE_SEEN, PNG, SUNNY, TOLD, words } from '../lab.mjs';

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = { type: 'function', function: { name: 'weather', parameters: PARAMETERS } };
const IMAGE = { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${PNG}` };
const SEEN_MS_MAX = 30_000;

let count = 0;

/** What `useChat` of the AI SDK holds and does, without a page around it. */
export default () => ({ protocols: { 'UI messages': FEATURES } });

function open({ url, key }, model, { id = `compat-${process.pid}-${++count}`, headers = {}, ...more } = {}) {
  const errors = [];
  const chat = new Chat({
    id,
    transport: new DefaultChatTransport({
      api: `${url}/v1/ui/chat`,
      headers: { authorization: `Bearer ${key}`, ...headers },
      body: { model, ...(more.onToolCall && { tools: [WEATHER] }) },
    }),
    onError: (error) => errors.push(error),
    ...more,
  });
  return Object.assign(chat, { errors });
}

const textOf = ({ messages }) =>
  (messages.findLast(({ role }) => role === 'assistant')?.parts ?? [])
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('');
const callsOf = (chat) => chat.messages.flatMap(({ parts }) => parts.filter(isToolUIPart));

async function until(holds, what) {
  for (const end = Date.now() + SEEN_MS_MAX; !holds(); await sleep(10)) {
    if (Date.now() > end) throw new Error(`not seen: ${what}`);
  }
}

/** A chat that carries out `weather` itself, as a page does. */
async function withWeather(lab, model) {
  const cities = [];
  const chat = open(lab, model, {
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    onToolCall: ({ toolCall }) => {
      if (toolCall.toolName !== 'weather') return;
      cities.push(toolCall.input);
      void chat.addToolOutput({ tool: 'weather', toolCallId: toolCall.toolCallId, output: SUNNY });
    },
  });
  await chat.sendMessage({ text: 'Hello' });
  await until(() => textOf(chat).includes(TOLD) || chat.errors.length > 0, 'the answer that repeats the result');
  assert.deepEqual(chat.errors, []);
  assert.deepEqual(cities, [{ city: 'Paris' }]);
  return chat;
}

const FEATURES = {
  async stream(lab) {
    const chat = open(lab, lab.model('ok:gap=200'));
    const seen = new Set();
    const leave = chat['~registerMessagesCallback'](() => seen.add(textOf(chat)));
    await chat.sendMessage({ text: 'Hello' });
    leave();
    assert.deepEqual(chat.errors, []);
    assert.ok(seen.size > 2, `${seen.size}`);
    assert.equal(textOf(chat).trim(), words(8).trim());
    assert.equal(chat.status, 'ready');
  },
  clientTools: async (lab) => void (await withWeather(lab, lab.scripted('client-tool'))),
  async serverTools(lab) {
    const chat = open(lab, lab.scripted('server-tool'));
    await chat.sendMessage({ text: 'Hello' });
    assert.match(textOf(chat), /It said: .*"timezone":"UTC"/);
    const [call, ...others] = callsOf(chat);
    assert.deepEqual([getToolName(call), call.state, others], ['current_time', 'output-available', []]);
    assert.match(JSON.stringify(call.output), /timezone/);
  },
  async mixed(lab) {
    const calls = callsOf(await withWeather(lab, lab.scripted('mixed')));
    assert.deepEqual(calls.map(getToolName).sort(), ['current_time', 'weather']);
    assert.ok(calls.every(({ state }) => state === 'output-available'));
  },
  structured: notOffered('`useChat` has no word for a schema'),
  async images(lab) {
    const chat = open(lab, lab.scripted('image'));
    await chat.sendMessage({ text: 'What is it?', files: [IMAGE] });
    assert.equal(textOf(chat), IMAGE_SEEN);
  },
  async cancel(lab) {
    const id = lab.model('ok:n=1000,gap=50');
    const chat = open(lab, id, { headers: { 'x-on-disconnect': 'cancel' } });
    const sending = chat.sendMessage({ text: 'Hello' });
    await until(() => textOf(chat) !== '', 'the first word');
    await chat.stop();
    await sending;
    assert.deepEqual([chat.status, chat.errors], ['ready', []]);
    await lab.untilAborted(id);
    return 'by `stop()` with `X-On-Disconnect: cancel`; without it the run goes on, so that a page can resume';
  },
  async resume(lab) {
    const model = lab.model('ok:n=40,gap=50');
    const first = open(lab, model);
    const sending = first.sendMessage({ text: 'Hello' });
    await until(() => textOf(first).length > 20, 'some words');
    const second = open(lab, model, { id: first.id, messages: first.messages.slice(0, 1) });
    await second.resumeStream();
    await sending;
    assert.equal(textOf(second).trim(), words(40).trim());
    assert.equal(textOf(first), textOf(second));
    assert.equal((await lab.seen(model)).length, 1);
  },
  async errors(lab) {
    for (const behaviour of ['error-in-stream:after=2', 'cut:after=2']) {
      const chat = open(lab, lab.model(behaviour));
      await chat.sendMessage({ text: 'Hello' });
      assert.equal(textOf(chat), words(2));
      assert.equal(chat.status, 'error');
      assert.equal(chat.errors.length, 1, `${chat.errors}`);
    }
  },
  busy: notOffered('it asks once, shows the error, and leaves asking again to the page'),
  async silence(lab) {
    const chat = open(lab, lab.model(`ok:n=4,first=${lab.silenceMs}`));
    await chat.sendMessage({ text: 'Hello' });
    assert.deepEqual(chat.errors, []);
    assert.equal(textOf(chat).trim(), words(4).trim());
  },
};
