import { Chat } from '../../../apps/messenger/src/chats/chat.js';
import { chatOpening } from '../../support/chats/chat-opening.js';
import { until } from '../../support/until.js';

test('a notice that is longer than a message comes as several', async () => {
  const render = (text: string) => (text.match(/.{1,10}/gs) ?? []).map((part) => ({ text: part }));
  const { opening, posted, claim } = await chatOpening({ capabilities: { textMax: 10, render } });
  const parts = { thread: '', isGroup: true, parts: [] };
  claim.state = JSON.stringify({
    tasks: [
      { kind: 'notice', id: 'n1', text: '0123456789abc', ...parts },
      { kind: 'notice', id: 'n2', text: 'short', ...parts },
    ],
  });
  const chat = new Chat(
    { ...opening.ports, onCall: () => undefined, onDone: () => undefined },
    opening.messenger,
    claim,
  );
  const stop = new AbortController();
  const running = chat.run(stop.signal);
  await until(() => posted.length === 3, { ms: 5_000 });
  stop.abort();
  await running;
  const texts = posted.map((step) => (step.kind === 'send' ? step.content.text : step.kind));
  expect(texts.sort()).toEqual(['0123456789', 'abc', 'short']);
});

test('what a platform says of a chat that it does not know stands in the outcome of the delivery and in the log', async () => {
  const why = 'Discord: 404 10003 Unknown Channel';
  const { opening, claim, desk, logged } = await chatOpening({ post: () => ({ kind: 'refused', why }) });
  const delivery = {
    kind: 'notice',
    id: 'd1',
    text: 'a result',
    isDelivery: true,
    thread: '',
    isGroup: true,
    parts: [],
  };
  claim.state = JSON.stringify({ tasks: [delivery] });
  const ports = { ...opening.ports, onCall: () => undefined, onDone: () => undefined };
  const stop = new AbortController();
  const running = new Chat(ports, opening.messenger, claim).run(stop.signal);
  await until(async () => (await desk.outcome('d1')) !== undefined, { ms: 5_000 });
  await until(() => logged.length > 0, { ms: 5_000 });
  stop.abort();
  await running;
  expect(await desk.outcome('d1')).toEqual({ kind: 'failed', why });
  expect(logged).toEqual([expect.stringMatching(/not delivered.*fake:1.*Unknown Channel/)]);
});
