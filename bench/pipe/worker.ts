import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Agent, request } from 'undici';
import { APPEND, QUEUE, type PipeEvent, type PipeJob } from './wire.js';

/**
 * The bare pipe's back: a job becomes a call of the model server, and what it says is appended. UPSTREAM, REDIS_PORT.
 */
const connect = (): Redis => new Redis({ port: Number(process.env['REDIS_PORT']), maxRetriesPerRequest: null });
const redis = connect();
const append = String(await redis.call('SCRIPT', 'LOAD', APPEND));
const dispatcher = new Agent({ connections: 1_024 });

interface Run {
  readonly runId: string;
  pending: PipeEvent[];
  seq: number;
}

const dirty = new Set<Run>();
let scheduled = false;

/** One pipeline per turn of the event loop, whatever is under way. */
function emit(run: Run, event: PipeEvent): void {
  run.pending.push(event);
  dirty.add(run);
  if (scheduled) return;
  scheduled = true;
  setImmediate(flush);
}

function flush(): void {
  scheduled = false;
  const pipeline = redis.pipeline();
  for (const run of dirty) {
    const events = JSON.stringify(run.pending);
    run.pending = [];
    pipeline.evalsha(append, 2, `{${run.runId}}:log`, `{${run.runId}}:meta`, 1, ++run.seq, run.runId, events);
  }
  dirty.clear();
  void pipeline.exec();
}

async function execute({ runId, body }: PipeJob): Promise<void> {
  const run: Run = { runId, pending: [], seq: 0 };
  const { body: answer } = await request(`${process.env['UPSTREAM']}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  });
  let rest = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const frames = (rest + chunk.toString()).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const text = textOf(frame);
      if (text !== undefined) emit(run, { text });
    }
  }
  emit(run, { end: true });
}

function textOf(frame: string): string | undefined {
  const data = frame.slice('data: '.length);
  if (data === '[DONE]') return undefined;
  return (JSON.parse(data) as { choices: { delta?: { content?: string } }[] }).choices[0]?.delta?.content;
}

new Worker<PipeJob>(QUEUE, (job) => execute(job.data), { connection: connect(), concurrency: 1_024 });
