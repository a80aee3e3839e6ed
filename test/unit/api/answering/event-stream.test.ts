import type { ServerResponse } from 'node:http';
import { EventEmitter } from 'node:events';
import { LIMITS, type LoggedEvent } from '#libs/contract';
import { resumedAfter, runsEncoder } from '#libs/protocols';
import { API_LIMITS } from '../../../../apps/api/src/words/api-limits.js';
import { EventStream, StreamSweep } from '../../../../apps/api/src/answering/event-stream.js';
import { Relay, type Encoder } from '../../../../apps/api/src/answering/relay.js';
import { protocolNamed } from '../../../support/chat-request.js';
import { dataLines } from '../../../support/sse.js';

/** A response that notes what is written and is as slow as the test says. */
class FakeResponse extends EventEmitter {
  readonly writes: string[] = [];
  ready = true;
  destroyed = false;
  ended = false;
  writeHead(): void {}
  flushHeaders(): void {}
  write(text: string): boolean {
    this.writes.push(text);
    return this.ready;
  }
  end(text: string): void {
    if (text !== '') this.writes.push(text);
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const sweeps: StreamSweep[] = [];
function open(): { response: FakeResponse; stream: EventStream; sweep: StreamSweep } {
  const sweep = new StreamSweep(60_000);
  sweeps.push(sweep);
  const response = new FakeResponse();
  const stream = new EventStream(response as unknown as ServerResponse, sweep);
  stream.open();
  return { response, stream, sweep };
}
afterEach(() => sweeps.splice(0).forEach((sweep) => sweep.close()));

const KEEPALIVE_MS = 10_000;

describe('EventStream', () => {
  test('frames of one burst leave in one write, whole', () => {
    const { response, stream } = open();
    void stream.add('data: 1\n\n');
    void stream.add('data: 2\n\n');
    expect(response.writes).toEqual([]);
    expect(stream.flush()).toBeUndefined();
    expect(stream.flush()).toBeUndefined();
    expect(response.writes).toEqual(['data: 1\n\ndata: 2\n\n']);
  });

  test('a slow client is waited for, after one burst', async () => {
    const { response, stream } = open();
    response.ready = false;
    let caughtUp = false;
    const waiting = stream.add('x'.repeat(API_LIMITS.sseBurstCharsMax))?.then(() => (caughtUp = true));
    expect(waiting).toBeInstanceOf(Promise);
    await Promise.resolve();
    expect(caughtUp).toBe(false);
    response.emit('drain');
    await waiting;
    expect(caughtUp).toBe(true);
    expect(response.listenerCount('drain') + response.listenerCount('close')).toBe(0);
  });

  test('silence is filled with comments, and a write starts the silence anew', () => {
    const { response, stream, sweep } = open();
    const start = sweep.now;
    stream.look(start + KEEPALIVE_MS - 1, KEEPALIVE_MS);
    expect(response.writes).toEqual([]);
    stream.look(start + KEEPALIVE_MS, KEEPALIVE_MS);
    expect(response.writes).toEqual([': keepalive\n\n']);
    sweep.now = start + KEEPALIVE_MS + 5_000;
    void stream.add('data: 1\n\n');
    void stream.flush();
    stream.look(start + 2 * KEEPALIVE_MS, KEEPALIVE_MS);
    expect(response.writes).toHaveLength(2);
  });

  test('the own sign of life of a protocol waits for its first frame: helpers fail at an event before it', () => {
    const sweep = new StreamSweep(60_000);
    sweeps.push(sweep);
    const response = new FakeResponse();
    const stream = new EventStream(response as unknown as ServerResponse, sweep, 'event: beat\n\n');
    stream.open();
    stream.look(sweep.now + KEEPALIVE_MS, KEEPALIVE_MS);
    void stream.add('data: 1\n\n');
    void stream.flush();
    stream.look(sweep.now + 2 * KEEPALIVE_MS, KEEPALIVE_MS);
    expect(response.writes).toEqual([': keepalive\n\n', 'data: 1\n\n', 'event: beat\n\n']);
  });

  test('a client that stops reading gets no comments, and is cut off in the end', async () => {
    const { response, stream, sweep } = open();
    response.ready = false;
    void stream.add('data: 1\n\n');
    const waiting = stream.flush();
    const stallMs = LIMITS.sseWriteStallSecondsMax * 1_000;
    stream.look(sweep.now + stallMs - 1, KEEPALIVE_MS);
    expect(response.destroyed).toBe(false);
    stream.look(sweep.now + stallMs, KEEPALIVE_MS);
    expect(response.destroyed).toBe(true);
    await waiting;
    expect(response.writes).toEqual(['data: 1\n\n']);
  });

  test('nothing is written to a client that is gone', () => {
    const { response, stream } = open();
    response.destroyed = true;
    void stream.add('data: 1\n\n');
    expect(stream.flush()).toBeUndefined();
    stream.end();
    expect(response.writes).toEqual([]);
  });
});

describe('Relay', () => {
  /** Says the number of events so far: wrong as soon as one is missed in silence. */
  const counting: Encoder<number> = {
    begin: () => 0,
    encode: (count, event) => [count + 1, [{ data: `${count + 1}:${event.type}` }]],
  };
  const events = Array.from({ length: 5 }, (_, i): LoggedEvent => ({
    type: 'text.delta',
    step: 1,
    text: '',
    seq: i + 1,
    at: 0,
  }));

  test.each([0, 1, 4, 5])('is silent up to %i, and its state is that of one who listened', (spokenUpTo) => {
    const { response, stream } = open();
    void new Relay(counting, stream, spokenUpTo).take(events);
    const whole = events.map((_, i) => `data: ${i + 1}:text.delta\n\n`);
    expect(response.writes.join('')).toBe(whole.slice(spokenUpTo).join(''));
  });

  test('goes on where it was once a slow client has caught up', async () => {
    const { response, stream } = open();
    const large: Encoder<null> = {
      begin: () => null,
      encode: (_, event) => [null, [{ data: `${event.seq}`.padEnd(API_LIMITS.sseBurstCharsMax, '.') }]],
    };
    response.ready = false;
    const taken = new Relay(large, stream, 0).take(events);
    for (let i = 1; i <= events.length; i++) {
      expect(response.writes).toHaveLength(i);
      response.emit('drain');
      await Promise.resolve();
      await Promise.resolve();
    }
    await taken;
    expect(response.writes.map((text) => text.slice(6, 7))).toEqual(['1', '2', '3', '4', '5']);
  });

  test('its own failure is an event after the last one', () => {
    const { response, stream } = open();
    const relay = new Relay(
      { begin: () => null, encode: (_, event) => [null, [{ data: JSON.stringify(event) }]] },
      stream,
      0,
    );
    void relay.take(events);
    void relay.fail(new Error('secret'));
    const last = response.writes.at(-1) ?? '';
    expect(JSON.parse(last.slice(6))).toMatchObject({ type: 'run.failed', seq: 6, error: { code: 'internal_error' } });
    expect(last).not.toContain('secret');
  });

  test.each<[string, Encoder<unknown>, number]>([
    ['chat', protocolNamed('openai-chat'), 4],
    ['runs', runsEncoder as Encoder<unknown>, 4],
    ['responses', resumedAfter(9) as Encoder<unknown>, 0],
  ])('its own failure is told also before the cursor was reached: %s', (_, encoder, spokenUpTo) => {
    const { response, stream } = open();
    const relay = new Relay(encoder, stream, spokenUpTo);
    const echo = {};
    const queued = { type: 'run.queued', runId: 'run_1', protocol: 'x', owner: 'a', model: 'm', echo } as const;
    void relay.take([
      { ...queued, seq: 1, at: 0 },
      { type: 'run.started', attempt: 1, worker: 'w', seq: 2, at: 0 },
    ]);
    expect(response.writes).toEqual([]);
    void relay.fail(new Error('gone'));
    const [first = '', ...rest] = dataLines(response.writes.join(''));
    expect(JSON.parse(first)).toMatchObject({ error: { code: 'internal_error' } });
    expect(rest.filter((data) => data !== '[DONE]')).toEqual([]);
  });
});
