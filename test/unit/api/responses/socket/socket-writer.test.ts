import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { SocketWriter } from '../../../../../apps/api/src/responses/socket/socket-writer.js';
import { until } from '../../../../support/until.js';

describe('writing to a WebSocket', () => {
  let server: WebSocketServer;
  let client: WebSocket;
  let ours: WebSocket;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const connected = once(server, 'connection');
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    [ours] = (await connected) as [WebSocket];
    await once(client, 'open');
  });
  afterEach(() => {
    client.terminate();
    server.close();
  });

  test('a client that does not read holds up its own stream, with little in our memory; then it gets everything', async () => {
    const writer = new SocketWriter(ours);
    const chunk = 'x'.repeat(10_000);
    let received = 0;
    client.on('message', () => received++);
    client.pause();
    let sent = 0;
    let pause: Promise<void> | undefined;
    while (!pause && sent < 10_000) {
      pause = writer.send(chunk);
      sent++;
    }
    expect(sent).toBeLessThan(10_000);
    expect(ours.bufferedAmount).toBeLessThan(10 * 16_384);
    let isFree = false;
    const freed = pause?.then(() => (isFree = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isFree).toBe(false);
    client.resume();
    await freed;
    await until(() => received === sent);
  });

  test('a sign of life is sent into silence alone', async () => {
    const writer = new SocketWriter(ours);
    const heard: string[] = [];
    client.on('message', (data: Buffer) => heard.push(data.toString()));
    writer.breakSilence('beat');
    void writer.send('word');
    writer.breakSilence('beat');
    writer.breakSilence('beat');
    await until(async () => heard.length >= 2);
    expect(heard).toEqual(['word', 'beat']);
  });

  test('a client that does not read is not read from; when it reads again it is', async () => {
    const writer = new SocketWriter(ours);
    const chunk = 'x'.repeat(10_000);
    client.pause();
    while (!writer.send(chunk));
    expect([writer.wasBehind(), ours.isPaused]).toEqual([true, true]);
    let heard = 0;
    ours.on('message', () => heard++);
    for (let i = 0; i < 100; i++) client.send('x');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toBe(0);
    client.resume();
    await until(() => heard === 100);
    expect([writer.wasBehind(), ours.isPaused]).toEqual([false, false]);
  });

  test('waiting for it takes one promise and one timer, whatever is said meanwhile', async () => {
    const writer = new SocketWriter(ours);
    client.pause();
    let pause: Promise<void> | undefined;
    while (!pause) pause = writer.send('x'.repeat(10_000));
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (let i = 0; i < 100; i++) expect(writer.send('x')).toBe(pause);
    expect(timers()).toBeLessThanOrEqual(before);
    ours.terminate();
    await pause;
  });

  test('short answers that nobody reads end the connection', async () => {
    const writer = new SocketWriter(ours);
    const closed = once(ours, 'close');
    client.pause();
    let told = 0;
    let held = 0;
    for (; ours.readyState === WebSocket.OPEN && told < 1_000_000; told++) {
      writer.tell('x'.repeat(140));
      held = Math.max(held, ours.bufferedAmount);
    }
    expect(told).toBeLessThan(1_000_000);
    expect(held).toBeLessThan(300_000);
    await closed;
  });

  test('after the client has left, nothing is waited for', async () => {
    const writer = new SocketWriter(ours);
    const closed = once(ours, 'close');
    client.terminate();
    await closed;
    expect(writer.send('x')).toBeUndefined();
  });
});
