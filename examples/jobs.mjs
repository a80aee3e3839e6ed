// A cron job: when it would run, make it, run it now, read what came of it, remove it: node examples/jobs.mjs
import { setTimeout as sleep } from 'node:timers/promises';

const base = (process.env.TALARIA_URL ?? 'http://127.0.0.1:8642/v1').replace(/\/v1$/, '/api/jobs');

async function call(method, path, body) {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${process.env.API_SERVER_KEY ?? 'none'}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const schedule = 'weekdays at 9:00';
console.log(await call('POST', '/preview', { schedule, timezone: 'Europe/Berlin', count: 2 }));
const { job } = await call('POST', '', { name: 'hello', prompt: 'Say hello.', schedule, timezone: 'Europe/Berlin' });
await call('POST', `/${job.id}/run`);

let run;
while (run === undefined || ['queued', 'running'].includes(run.status)) {
  await sleep(250);
  [run] = (await call('GET', `/${job.id}/runs`)).runs;
}
console.log(run.run_id, run.status, run.output ?? run.error?.message);
await call('DELETE', `/${job.id}`);
if (run.status !== 'completed') process.exitCode = 1;
