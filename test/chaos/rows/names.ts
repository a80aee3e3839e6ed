import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../support/project-root.js';
import { Lab } from '../lab.js';
import { must, mustBeWhole, spread, type Row } from '../row.js';

const CALLS = 24;
const BESIDE = 20;
/** Generous: without names that do not answer it is some tens of milliseconds. */
const BESIDE_MS_MAX = 3_000;

/** An answer that fetches pages whose names nobody answers for; then, with the results, an ordinary one. */
function scripts(): Map<string, (object | string)[]> {
  const chunk = (delta: object, finish: string | null): object => ({
    id: 'chatcmpl-names',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'names',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const calls = Array.from({ length: CALLS }, (_, index) => ({
    index,
    id: `call_${index}`,
    type: 'function',
    function: { name: 'http_fetch', arguments: JSON.stringify({ url: `http://silent-${index}.example/` }) },
  }));
  return new Map([
    ['names', [chunk({ role: 'assistant', tool_calls: calls }, null), chunk({}, 'tool_calls'), 'data: [DONE]\n\n']],
    [`names@${CALLS}`, [chunk({ role: 'assistant', content: 'None.' }, null), chunk({}, 'stop'), 'data: [DONE]\n\n']],
  ]);
}

const silentNames: Row = {
  id: 'N1',
  what: `a name server that never answers: ${CALLS} fetches of one run, ${BESIDE} runs of others beside them`,
  run: async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    let queries = 0;
    server.on('message', () => queries++);
    try {
      return await Lab.with({ apis: 1, workers: 0, secondsMax: 150, env: { TOOLS: 'http_fetch' } }, async (lab) => {
        for (const [name, events] of scripts()) lab.upstream.scripts.set(name, events);
        // By its name: what looks names up for tools must not stand before what connects to upstreams.
        await lab.crew.add('worker', {
          OPENAI_BASE_URL: `${lab.upstream.url.replace('127.0.0.1', 'localhost')}/v1`,
          NODE_OPTIONS: `--import=${join(projectRoot(), 'dist/test/chaos/silent-names.js')}`,
          SILENT_NAME_SERVER: `127.0.0.1:${server.address().port}`,
        });
        await lab.start({ model: 'script:name=names', listeners: 1 });
        const took: number[] = [];
        for (let i = 0; i < BESIDE; i++) {
          const begun = performance.now();
          const { readings } = await lab.start({ model: `ok:n=${i + 2}`, listeners: 1 });
          await Promise.all(readings.map((reading) => reading.toEnd(lab.signal)));
          took.push(performance.now() - begun);
        }
        await lab.allEnded();
        must(queries > 0, 'the name server was never asked');
        must(Math.max(...took) < BESIDE_MS_MAX, `a run beside it took ${Math.max(...took).toFixed(0)} ms`);
        return `runs beside it: ${spread(took, 'ms', 0)}; ${queries} queries; ${mustBeWhole(await lab.audit(), 'run.completed')}`;
      });
    } finally {
      server.close();
    }
  },
};

export const NAME_ROWS: readonly Row[] = [silentNames];
