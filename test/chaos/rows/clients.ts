import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from '../../../bench/processes.js';
import { until } from '../../support/until.js';
import { Lab } from '../lab.js';
import { submit } from '../submit.js';
import { must, mustBeWhole, spread, type Row } from '../row.js';

const STUCK = 40;
const BIG_BYTES = 12_000_000;
const CHUNK_CHARS = 6_000;

/** A stream whose answer is larger than all buffers between the run and a client that does not read. */
function bigAnswer(): object[] {
  const base = { id: 'chatcmpl-big', object: 'chat.completion.chunk', created: 1, model: 'big' };
  const chunk = (delta: object, finish: string | null): object => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const words = Array.from({ length: BIG_BYTES / CHUNK_CHARS }, () =>
    chunk({ content: 'w'.repeat(CHUNK_CHARS) }, null),
  );
  return [chunk({ role: 'assistant', content: '' }, null), ...words, chunk({}, 'stop')];
}

/** Opens a stream and reads nothing of it. */
function openStuck(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const ask = request(url, { agent: false }, (response) => {
      response.pause();
      response.on('error', () => undefined);
      resolve(response);
    });
    ask.on('error', reject);
    ask.end();
  });
}

/** Milliseconds between the words of a run of 100 words, 20 ms apart, as a listener sees them: the worst. */
async function worstGap(lab: Lab): Promise<number> {
  const { readings } = await lab.start({ model: 'ok:n=100,gap=20', listeners: 1 });
  await Promise.all(readings.map((reading) => reading.toEnd(lab.signal)));
  const [reading] = readings;
  const gaps = (reading?.times ?? []).map((time, i, all) => time - (all[i - 1] ?? time));
  return Math.max(...gaps.slice(5));
}

/** Garbage grows into whatever heap there is. With this one the API either holds little per reader, or dies. */
const HEAP_MB = 320;
const API_GROWTH_MB_MAX = 600;
const HEAP = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };

const stuckReaders: Row = {
  id: 'K1',
  what: `${STUCK} clients that stop reading a run of ${BIG_BYTES / 1e6} MB, beside one that reads`,
  run: () =>
    Lab.with({ apis: 1, workers: 1, secondsMax: 180, env: HEAP }, async (lab) => {
      lab.upstream.scripts.set('big', [...bigAnswer(), 'data: [DONE]\n\n']);
      const [api] = lab.crew.of('api');
      await lab.load(5, { model: 'ok:n=50,gap=10', listeners: 1 });
      await lab.allEnded();
      const alone = await worstGap(lab);
      const before = usageOf(api?.pid ?? 0).rssMb;
      const { run, readings } = await lab.start({ model: 'script:name=big', listeners: 1 });
      const url = `${api?.url}/v1/runs/${run.runId}/events`;
      const stuck = await Promise.all(Array.from({ length: STUCK }, () => openStuck(url)));
      await Promise.all(readings.map((reading) => reading.toEnd(lab.signal)));
      let highest = 0;
      const sampler = setInterval(() => (highest = Math.max(highest, usageOf(api?.pid ?? 0).rssMb)), 100);
      const beside = await worstGap(lab);
      await sleep(5_000);
      clearInterval(sampler);
      const growth = highest - before;
      for (const response of stuck) response.destroy();
      await lab.allEnded();
      must(api?.hasExited() === false, `the API died: ${api?.output().slice(-300)}`);
      must(growth < API_GROWTH_MB_MAX, `the API grew by ${growth.toFixed(0)} MB`);
      const figures = mustBeWhole(await lab.audit(), 'run.completed');
      return `API +${growth.toFixed(0)} MB (${(growth / STUCK).toFixed(1)} MB each); worst gap of a reader ${alone.toFixed(0)} ms alone, ${beside.toFixed(0)} ms beside them; ${figures}`;
    }),
};

const LISTENERS = 2_000;
const LISTENER_KB_MAX = 64;

const idleListeners: Row = {
  id: 'K2',
  what: `${LISTENERS} idle listeners`,
  run: () =>
    Lab.with({ apis: 1, workers: 1, secondsMax: 120 }, async (lab) => {
      const [api] = lab.crew.of('api');
      const runs = await lab.load(20, { model: 'hang:after=1', listeners: 0 });
      await sleep(1_000);
      const open = async (count: number): Promise<IncomingMessage[]> => {
        const opened: IncomingMessage[] = [];
        for (let i = 0; i < count; i += 50) {
          const urls = Array.from(
            { length: 50 },
            (_, k) => `${api?.url}/v1/runs/${runs[k % runs.length]?.run.runId}/events`,
          );
          opened.push(...(await Promise.all(urls.map(openStuck))));
        }
        return opened;
      };
      const warm = await open(200);
      const before = usageOf(api?.pid ?? 0);
      const listeners = await open(LISTENERS);
      await sleep(2_000);
      const after = usageOf(api?.pid ?? 0);
      await sleep(5_000);
      const cpu = (usageOf(api?.pid ?? 0).cpuSeconds - after.cpuSeconds) / 5;
      const refused = listeners.filter(({ statusCode }) => statusCode !== 200).length;
      for (const response of [...warm, ...listeners]) response.destroy();
      for (const { run } of runs) run.chat.leave();
      must(refused === 0, `${refused} listeners were refused`);
      const kb = ((after.rssMb - before.rssMb) * 1_024) / LISTENERS;
      must(kb < LISTENER_KB_MAX, `a listener costs ${kb.toFixed(1)} KB`);
      return `${kb.toFixed(1)} KB each; ${(cpu * 100).toFixed(0)} % of a core for all of them`;
    }),
};

const LEAVERS = 100;

const clientsLeave: Row = {
  id: 'K3',
  what: `${LEAVERS} clients disconnect: their upstream calls are closed`,
  run: () =>
    Lab.with({ apis: 2, workers: 2, secondsMax: 120 }, async (lab) => {
      const took: number[] = [];
      for (let round = 0; round < LEAVERS / 20; round++) {
        const from = lab.upstream.requests.length;
        const options = { model: 'ok:n=1000,gap=50', onDisconnect: 'cancel', signal: lab.signal } as const;
        const runs = await Promise.all(Array.from({ length: 20 }, () => submit(lab.addresses, options)));
        const asked = (): typeof lab.upstream.requests => lab.upstream.requests.slice(from);
        await until(() => asked().length === 20 && runs.every(({ chat }) => chat.text.includes('word1')), {
          ms: 30_000,
        });
        const left = performance.now();
        for (const { chat } of runs) chat.leave();
        await until(() => asked().every(({ aborted }) => aborted), { ms: 20_000, what: 'the upstream to be left' });
        took.push(...asked().map(({ aborted = left }) => aborted - left));
        for (const run of runs) lab.watched.push({ run, readings: [] });
      }
      took.sort((a, b) => a - b);
      const p99 = took[Math.ceil(took.length * 0.99) - 1] ?? 0;
      must(p99 <= 1_000, `p99 ${p99.toFixed(0)} ms`);
      await until(async () => (await lab.audit()).problems.length === 0, { everyMs: 200, what: 'the logs to end' });
      const figures = mustBeWhole(await lab.audit(), 'run.cancelled');
      return `${spread(took, 'ms', 0)}, p99 ${p99.toFixed(0)} ms; ${figures}`;
    }),
};

export const CLIENT_ROWS: readonly Row[] = [stuckReaders, idleListeners, clientsLeave];
