import { loadavg } from 'node:os';
import { startPostgres } from '../support/postgres.js';
import { startWebLab } from '../support/web-lab.js';
import { firstLoadBytes, framesOf, interactiveMs, longSession, openingMs } from './speed.js';

/**
 * npm run bench:page [-- --turns 2500]
 *
 * How fast the page is, in Debian's Chromium without a window or a graphics card, against real processes: bytes of the
 * first load, time until it takes a message, frames while a message of 10,000 tokens comes, and the opening of a long
 * session. Nothing fails here.
 */
const at = process.argv.indexOf('--turns');
const turns = at < 0 ? 2_500 : Number(process.argv[at + 1]);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const FRAME_MS = 1_000 / 60;
const INTERACTIVE_TIMES = 7;
const TOKENS = 10_000;
const OPENED_TIMES = 5;
/** Whose everything is where no key is asked for. */
const OWNER = 'local';

const postgres = await startPostgres();
const databaseUrl = await postgres.createDatabase();
const models = { long: `ok:n=${TOKENS},gap=4`, short: 'ok:n=5' };
const lab = await startWebLab(models, { env: { DATABASE_URL: databaseUrl } });
try {
  print(`load of the machine before: ${loadavg()[0]?.toFixed(1)}`);
  print(`first load: ${await firstLoadBytes()} bytes by gzip`);
  print(
    `takes a message: ${middle(await interactiveMs(lab, INTERACTIVE_TIMES))} ms, the middle of ${INTERACTIVE_TIMES}`,
  );
  await frames();
  const session = await longSession(databaseUrl, OWNER, turns);
  const opened: number[] = [];
  for (let i = 0; i < OPENED_TIMES; i++) opened.push(await openingMs(lab, session, `Question ${turns - 1}.`));
  print(`a session of ${turns * 2} messages opens: ${middle(opened)} ms, the middle of ${OPENED_TIMES}`);
  print(`load of the machine behind: ${loadavg()[0]?.toFixed(1)}`);
} finally {
  await lab.stop();
  await postgres.stop();
}

async function frames(): Promise<void> {
  const visitor = await lab.browser.visitor();
  const page = await visitor.open(lab.url);
  const begun = Date.now();
  const { intervals, tasks } = await framesOf(page, 'long');
  const inTime = intervals.filter((ms) => ms < FRAME_MS * 1.5).length;
  const share = intervals.length === 0 ? 0 : (inTime / intervals.length) * 100;
  const seconds = (Date.now() - begun) / 1_000;
  print(
    `${TOKENS} tokens in ${seconds.toFixed(0)} s: ${intervals.length} frames, ${share.toFixed(1)} % of them in time`,
  );
  print(
    `main thread: ${tasks.reduce((sum, ms) => sum + ms, 0).toFixed(0)} ms of work, longest ${Math.max(0, ...tasks).toFixed(0)} ms`,
  );
  await visitor.context.close();
}

function middle(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN);
}
