import { until } from '../../support/until.js';
import { Lab, startsIn } from '../lab.js';
import { must, mustBeWhole, type Row } from '../row.js';
import { submit } from '../submit.js';

const REQUESTS = 300;
const QUEUED_MAX = 50;

const queueFull: Row = {
  id: 'O1',
  what: `${REQUESTS} requests at once for a queue of ${QUEUED_MAX}`,
  run: () =>
    Lab.with({ apis: 1, workers: 1, env: { MAX_QUEUED: String(QUEUED_MAX), WORKER_CONCURRENCY: '4' } }, async (lab) => {
      const body = JSON.stringify({ model: 'ok:n=10,gap=50', messages: [{ role: 'user', content: 'Go.' }] });
      const url = `${lab.addresses()[0]}/v1/chat/completions`;
      const headers = { 'content-type': 'application/json' };
      const statuses: Record<number, number> = {};
      let without = 0;
      const ask = async (): Promise<void> => {
        const response = await fetch(url, { method: 'POST', headers, body });
        statuses[response.status] = (statuses[response.status] ?? 0) + 1;
        if (response.status === 429 && !response.headers.has('retry-after')) without++;
        await response.text();
      };
      // In waves, because the depth of the queue is looked at four times a second: a bound may be late by that.
      for (let wave = 0; wave < 3; wave++) {
        const asks = Array.from({ length: REQUESTS / 3 }, ask);
        if (wave === 2) await Promise.all(asks);
        else await new Promise((resolve) => setTimeout(resolve, 400));
      }
      await until(() => Object.values(statuses).reduce((sum, count) => sum + count, 0) === REQUESTS, { ms: 60_000 });
      const others = Object.keys(statuses).filter((status) => status !== '200' && status !== '429');
      must(others.length === 0, `answers: ${JSON.stringify(statuses)}`);
      must((statuses[429] ?? 0) > 0, 'nothing was refused');
      must(without === 0, `${without} of the 429 have no Retry-After`);
      const opened = (await lab.redis.keys('talaria:{run_*}:meta')).length;
      must(opened === statuses[200], `${opened} runs were opened for ${statuses[200]} answers`);
      return `${statuses[200]} answered, ${statuses[429]} refused with Retry-After, nothing opened for these`;
    }),
};

const CONCURRENCY = 8;
const CROWD = 1_000;

const oneKeyCrowds: Row = {
  id: 'O2',
  what: `${CROWD} runs of one key, then the first run of another`,
  run: () =>
    Lab.with(
      {
        apis: 1,
        workers: 1,
        secondsMax: 180,
        env: { WORKER_CONCURRENCY: String(CONCURRENCY), API_KEYS: 'a:key-of-a,b:key-of-b' },
      },
      async (lab) => {
        const start = (key: string) => submit(lab.addresses, { model: 'ok:n=4,gap=50', key, signal: lab.signal });
        const crowd = await Promise.all(Array.from({ length: CROWD }, () => start('key-of-a')));
        const asked = Date.now();
        const single = await start('key-of-b');
        await single.chat.ended;
        const log = await lab.log(single.runId);
        const [started] = startsIn(log);
        const at = log[0]?.at ?? asked;
        const before = await Promise.all(
          crowd.map(async ({ runId }) => startsIn(await lab.log(runId))[0]?.at ?? Infinity),
        );
        const overtook = before.filter((time) => time >= at && time < (started?.at ?? 0)).length;
        // One run's time is what it takes until each place has been taken once more.
        must(
          overtook <= CONCURRENCY * 2,
          `${overtook} runs of the crowd went first; accepted after ${at - asked} ms, waited ${(started?.at ?? 0) - at} ms`,
        );
        await Promise.all(crowd.map(({ chat }) => chat.ended));
        for (const run of [...crowd, single]) lab.watched.push({ run, readings: [] });
        const figures = mustBeWhole(await lab.audit(), 'run.completed');
        return `accepted after ${at - asked} ms, waited ${(started?.at ?? 0) - at} ms, behind ${overtook} of the crowd on ${CONCURRENCY} places; ${figures}`;
      },
    ),
};

const LARGE = 20;
const LARGE_CHARS = 1_920_000;
const HELD_MAX = 25_000_000;

const oneKeyFillsRedis: Row = {
  id: 'O3',
  what: `${LARGE} requests of 9.6 MB of one key, then another key asks`,
  run: () =>
    Lab.with(
      {
        apis: 1,
        workers: 1,
        secondsMax: 180,
        env: { MAX_ORDER_BYTES_PER_KEY: String(HELD_MAX), API_KEYS: 'a:key-of-a,b:key-of-b' },
      },
      async (lab) => {
        await lab.redis.config('SET', 'maxmemory', '200mb');
        const url = lab.addresses()[0] ?? '';
        const ask = (key: string, path: string, body: object): Promise<Response> =>
          fetch(`${url}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
            body: JSON.stringify(body),
          });
        const large = { model: 'ok:n=100,gap=100', input: Array.from({ length: 5 }, () => 'x'.repeat(LARGE_CHARS)) };
        const answers: Response[] = [];
        for (let i = 0; i < LARGE; i++) answers.push(await ask('key-of-a', '/v1/runs', large));
        const refused = answers.filter(({ status }) => status === 429);
        const taken = answers.filter(({ status }) => status === 202).length;
        must(taken + refused.length === LARGE, `answers: ${answers.map(({ status }) => status).join(' ')}`);
        must(taken > 0 && refused.length > 0, `${taken} were taken, ${refused.length} refused`);
        must(
          refused.every(({ headers }) => headers.has('retry-after')),
          'a 429 has no Retry-After',
        );
        const messages = [{ role: 'user', content: 'Go.' }];
        for (let i = 0; i < 10; i++) {
          const answer = await ask('key-of-b', '/v1/chat/completions', { model: 'ok:n=2', messages });
          must(answer.status === 200, `the other key got ${answer.status}`);
          await answer.text();
        }
        const held = (): Promise<string | null> => lab.redis.hget('talaria:orders:held', 'a');
        await until(async () => (await held()) === null, { ms: 90_000 });
        return `${taken} taken, ${refused.length} refused with Retry-After, 10 of 10 of the other key answered`;
      },
    ),
};

export const OVERLOAD_ROWS: readonly Row[] = [queueFull, oneKeyCrowds, oneKeyFillsRedis];
