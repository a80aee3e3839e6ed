import type { RunJob } from '#libs/bus';
import { LastAttempts } from '../../../apps/worker/src/last-attempts.js';
import { until } from '../../support/until.js';
import { runLogWith } from '../../support/run-log-with.js';

function lab(aloneMs: number) {
  const forgiven: string[] = [];
  const turns = new LastAttempts(runLogWith({ forgive: async (runId) => void forgiven.push(runId) }), aloneMs);
  const order: string[] = [];
  const enter = async (runId: string, signal = new AbortController().signal) => {
    const turn = await turns.enter({
      runId,
      attempt: 3,
      generation: 0,
      crashes: 2,
      signal,
      isLeaving: () => false,
      accepted: () => undefined,
    } satisfies RunJob);
    order.push(turn ? runId : `${runId} handed back`);
    return turn;
  };
  return { forgiven, order, enter };
}

describe('last attempts', () => {
  test('begin one after the other, and the next begins when one has ended', async () => {
    const { enter, order, forgiven } = lab(60_000);
    const first = await enter('a');
    const second = enter('b');
    const third = enter('c');
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['a']);
    first?.leave();
    (await second)?.leave();
    (await third)?.leave();
    expect(order).toEqual(['a', 'b', 'c']);
    expect(forgiven).toEqual([]);
  });

  test('one that survives its moment alone is forgiven and does not hold up the next', async () => {
    const { enter, order, forgiven } = lab(20);
    await enter('a');
    await enter('b');
    expect(order).toEqual(['a', 'b']);
    await until(() => forgiven.length === 2);
    expect(forgiven).toEqual(['a', 'b']);
  });

  test('one that is taken back while it waits holds up nobody, and still keeps its place behind the first', async () => {
    const { enter, order } = lab(60_000);
    const first = await enter('a');
    const abort = new AbortController();
    const second = enter('b', abort.signal);
    const third = enter('c');
    abort.abort();
    expect(await second).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['a', 'b handed back']);
    first?.leave();
    (await third)?.leave();
    expect(order).toEqual(['a', 'b handed back', 'c']);
  });
});
