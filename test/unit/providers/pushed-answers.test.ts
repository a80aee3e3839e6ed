import type { ModelEvent } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { EventFeed } from '../../../libs/providers/src/upstream/answers/event-feed.js';
import { UpstreamExchange } from '../../../libs/providers/src/upstream/exchange.js';
import { question, upstreamSettings } from '../../support/model-lab.js';

const text = (words: string): ModelEvent => ({ type: 'text', text: words });

describe('EventFeed', () => {
  test('gives what was put in, in order, to who waits and to who comes later', async () => {
    let emptied = 0;
    const feed = new EventFeed(() => emptied++);
    const first = feed.next();
    feed.put([text('a'), text('b')]);
    feed.put([]);
    feed.put([text('c')]);
    expect(feed.isEmpty).toBe(false);
    const rest = [await first, await feed.next(), await feed.next()];
    expect(rest.map(({ value }) => value)).toEqual([text('a'), text('b'), text('c')]);
    expect([feed.isEmpty, emptied]).toEqual([true, 1]);
    const last = feed.next();
    feed.close();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test('a failure comes behind what was put in, once', async () => {
    const feed = new EventFeed();
    feed.put([text('a')]);
    feed.close(new Error('cut'));
    feed.put([text('too late')]);
    expect((await feed.next()).value).toEqual(text('a'));
    await expect(feed.next()).rejects.toThrow('cut');
    expect((await feed.next()).done).toBe(true);
  });

  test('after an abort nothing is given but the reason, also to who waits', async () => {
    const feed = new EventFeed();
    feed.put([text('a')]);
    feed.abort(new Error('stop'));
    await expect(feed.next()).rejects.toThrow('stop');
    const other = new EventFeed();
    const waiting = other.next();
    other.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });
});

describe('Exchange', () => {
  const controller = () => {
    const calls: string[] = [];
    const note = (what: string) => () => void calls.push(what);
    const fake = { abort: note('abort'), pause: note('pause'), resume: note('resume') };
    return { calls, fake: fake as unknown as Dispatcher.DispatchController };
  };

  test('one that is aborted while it is being connected rejects at once, and its socket is closed when there is one', async () => {
    const exchange = new UpstreamExchange();
    exchange.abort(new Error('gone'));
    await expect(exchange.answer).rejects.toThrow('gone');
    const { calls, fake } = controller();
    exchange.onRequestStart(fake);
    expect(calls).toEqual(['abort']);
  });

  test('an informational answer is not the answer, and nothing is read before there is a reader', async () => {
    const exchange = new UpstreamExchange();
    const { calls, fake } = controller();
    exchange.onRequestStart(fake);
    exchange.onResponseStart(fake, 103, {});
    exchange.onResponseStart(fake, 200, { 'content-type': 'text/event-stream' });
    const { status, body } = await exchange.answer;
    expect([status, calls]).toEqual([200, ['pause']]);
    const read: string[] = [];
    body.read({ data: (chunk) => read.push(chunk.toString()), end: (cause) => read.push(`end ${cause?.message}`) });
    exchange.onResponseData(fake, Buffer.from('a'));
    exchange.onResponseError(fake, new Error('cut'));
    exchange.onResponseEnd();
    expect([read, calls]).toEqual([
      ['a', 'end cut'],
      ['pause', 'resume'],
    ]);
    exchange.abort(new Error('late'));
    expect(calls).not.toContain('abort');
  });
});

describe('back-pressure', () => {
  const FRAMES = 3_000;
  const word = 'x'.repeat(4_000);
  const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`;
  let server: Server;
  let written = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      void speak(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  async function speak(response: ServerResponse): Promise<void> {
    for (written = 0; written < FRAMES; written++) if (!response.write(frame)) await once(response, 'drain');
    response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  }

  test('an upstream that is faster than its reader has to wait, and loses nothing', async () => {
    const { port } = server.address() as AddressInfo;
    const provider = createProvider(upstreamSettings('openai', { baseUrl: `http://127.0.0.1:${port}/v1` }));
    let chars = 0;
    let end: ModelEvent | undefined;
    for await (const event of provider.stream(question('fast'))) {
      if (event.type === 'text' && chars === 0) {
        await wait(500);
        const early = written;
        await wait(300);
        // 12 MB are to come; the buffers of both kernels hold some, we next to none.
        expect(early).toBeLessThan(FRAMES);
        expect(written).toBe(early);
      }
      if (event.type === 'text') chars += event.text.length;
      else end = event;
    }
    expect(chars).toBe(FRAMES * word.length);
    expect(end).toMatchObject({ type: 'end', finishReason: 'stop' });
  });
});
