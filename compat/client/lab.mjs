import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** The text of the fake upstream's `ok` with so many words. */
export const words = (count) => Array.from({ length: count }, (_, i) => `word${i} `).join('');

/** A PNG of one pixel, 70 bytes. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const IMAGE_SEEN = `I see image/png of ${Buffer.from(PNG, 'base64').length} bytes.`;
export const SUNNY = 'Sunny, 21 degrees.';
export const TOLD = `It said: ${SUNNY}`;
export const OBJECT = { city: 'Paris', degrees: 21 };
const HELLO = [{ role: 'user', content: 'Hello' }];
const SEEN_MS_MAX = 60_000;

let count = 0;
let narrow = 0;

/** What a client is given: where the gateway is, and names of models that nobody else asks for. */
export function labOf(whereabouts) {
  return {
    ...whereabouts,
    /** A model of the fake upstream, with a name of its own, so that its requests can be told apart. */
    model(behaviour) {
      const tag = `tag=${process.pid}-${++count}`;
      return behaviour.includes(':') ? `${behaviour},${tag}` : `${behaviour}:${tag}`;
    },
    scripted: (name) => `answer:name=${name},tag=${process.pid}-${++count}`,
    /** Requests that the upstream got for this model. */
    async seen(model) {
      return (await fetch(`${whereabouts.seenUrl}?model=${encodeURIComponent(model)}`)).json();
    },
    /**
     * Runs a client with a key whose only place is taken until the client has been refused once. It must then have
     * waited as long as it was told, and have been answered. @param use gets a lab with that key
     */
    async whileBusy(use) {
      const key = whereabouts.narrowKeys[narrow++ % whereabouts.narrowKeys.length];
      const occupant = new AbortController();
      const { status, body } = await fetch(`${whereabouts.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: this.model('ok:n=2000,gap=50'), stream: true, messages: HELLO }),
        signal: occupant.signal,
      });
      assert.equal(status, 200);
      const reading = drain(body);
      const passed = async () => (await (await fetch(`${whereabouts.seenUrl}?key=${key}`)).json()).slice(1);
      const start = (await passed()).length;
      const refused = async () => {
        while (!(await passed()).slice(start).some((one) => one.status === 429)) await sleep(50);
        occupant.abort();
        await reading;
      };
      const [result] = await Promise.all([use({ ...this, key }), refused()]);
      waitedAsTold((await passed()).slice(start).filter(({ method, path }) => isAsking(method, path)));
      return result;
    },
    /** Resolves when the upstream's call for this model was given up. */
    async untilAborted(model) {
      const deadline = Date.now() + SEEN_MS_MAX;
      for (;;) {
        const requests = await this.seen(model);
        if (requests.length > 0 && requests.every(({ isAborted }) => isAborted)) return;
        if (Date.now() > deadline) throw new Error(`the upstream's call goes on: ${JSON.stringify(requests)}`);
        await sleep(50);
      }
    },
  };
}

const isAsking = (method, path) => method === 'POST' && /\/(chat\/completions|responses|messages)(\?|$)/.test(path);

/** One or more refusals and an answer; nobody asked again before the time that the refusal before it told. */
function waitedAsTold(requests) {
  const statuses = requests.map(({ status }) => status);
  assert.equal(statuses[0], 429, `${statuses}`);
  assert.ok(statuses.includes(200), `${statuses}`);
  for (const [i, { status, retryAfter, at }] of requests.entries()) {
    const next = requests[i + 1];
    if (status !== 429 || !next) continue;
    assert.ok(Number(retryAfter) >= 1, `Retry-After: ${retryAfter}`);
    // Timers may fire a millisecond early.
    assert.ok(next.at - at >= Number(retryAfter) * 1_000 - 20, `asked after ${next.at - at} ms, not ${retryAfter} s`);
  }
}

/** Collects what an async iterable gives, up to its error. */
export async function drain(iterable) {
  const items = [];
  try {
    for await (const item of iterable) items.push(item);
    return { items };
  } catch (error) {
    return { items, error };
  }
}

/** What a promise is rejected with; to be resolved is wrong here. */
export async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`resolved with ${JSON.stringify(value)?.slice(0, 300)}, where an error was due`);
}
