import type { LoggedEvent } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { renderFrame, type SseFrame } from '#libs/protocols';
import type { FollowStart, Runs, TakeBatch } from '#libs/runs';
import type { FastifyReply } from 'fastify';
import type { Socket } from 'node:net';
import type { Admission, Presence } from '../runs/admitting/admission.js';
import type { RelayMeter } from '../edge/api-meters.js';
import { EventStream, type StreamSweep } from './event-stream.js';
import type { WorkerWatch } from '../runs/worker-watch.js';
import type { Exchange, Exchanges } from './exchanges.js';
import { Relay, type Encoder } from './relay.js';

export interface ExchangeParts {
  readonly runs: Runs;
  readonly admission: Admission;
  readonly exchanges: Exchanges;
  readonly sweep: StreamSweep;
  readonly workers: WorkerWatch;
  readonly logger: Logger;
}

/**
 * Holds a place and watches the client's socket while `work` answers a request that waits for a run or listens to
 * one.
 */
export async function withExchange(
  { admission, exchanges }: ExchangeParts,
  request: { readonly owner: string; readonly socket: Socket; readonly presence?: Presence },
  work: (exchange: Exchange) => Promise<void>,
): Promise<void> {
  const leave = admission.enter(request.owner, request.presence);
  const exchange = exchanges.begin(request.socket);
  try {
    await work(exchange);
  } finally {
    exchange.finish();
    leave();
  }
}

/** The request as one that listens: it takes no place of those that wait for their own runs. */
export const listening = ({ owner, socket }: { readonly owner: string; readonly socket: Socket }) =>
  ({ owner, socket, presence: 'listening' }) as const;

export interface Spoken<S> {
  readonly run: Omit<FollowStart, 'after' | 'isEnough'>;
  readonly encoder: Encoder<S>;
  readonly spokenUpTo: number;
  /** Called with every batch that was written. Only for runs that were opened just now. */
  readonly meter?: RelayMeter;
  /**
   * What a client is told whose stream ends though its run does not: because this process ends (without it the
   * connection is cut), or cannot follow the run.
   */
  readonly comeBack?: string;
}

/** Ends a wait for an answer once there has been no worker for too long. @returns what `work` does. */
export async function whileWorkersAre<T>(workers: WorkerWatch, exchange: Exchange, work: () => Promise<T>): Promise<T> {
  const forget = workers.onOver(() => exchange.interrupt('no_worker'));
  try {
    return await work();
  } finally {
    forget();
  }
}

/** Who is answered. */
export interface Client {
  readonly exchange: Exchange;
  readonly reply: FastifyReply;
}

/**
 * Answers with the events of a run as SSE, from the first to the terminal one, or to the end of the protocol's stream.
 * From here on nothing is thrown: a failure is reported in the stream, and a failure that cannot be reported cuts the
 * connection.
 * @returns whether the answer is over while the run continues without this client.
 */
export async function streamRun<S>(
  { runs, sweep, logger, workers }: ExchangeParts,
  { exchange, reply }: Client,
  { run, encoder, spokenUpTo, comeBack, meter }: Spoken<S>,
): Promise<boolean> {
  const stream = openStream(reply, sweep, encoder.keepalive);
  const relay = new Relay(encoder, stream, spokenUpTo);
  const from = { ...run, after: 0, isEnough: relay.hasEnded };
  try {
    await runs.follow(from, meter ? metered(relay.take, meter) : relay.take, exchange.signal);
  } catch (cause) {
    if (exchange.interruption === undefined) {
      logger.warn({ err: cause, runId: run.runId, requestId: reply.request.id }, 'a stream broke off');
      await saySafely(stream, () => relay.fail(cause));
      if (comeBack !== undefined && !relay.hasHeardEnd) await stream.add(comeBack);
    }
  }
  if (exchange.interruption === 'no_worker') await saySafely(stream, () => relay.fail(workers.error()));
  if (exchange.interruption === undefined || exchange.interruption === 'no_worker') stream.end();
  else if (exchange.interruption === 'draining' && comeBack !== undefined) {
    await stream.add(comeBack);
    stream.end();
  } else stream.cut();
  return relay.hasEnded() && !relay.hasHeardEnd && !relay.isPaused();
}

/** Answers with a complete list of events, as SSE. Throws nothing either. */
export async function streamEvents<S>(
  { sweep, logger }: ExchangeParts,
  { exchange, reply }: Client,
  spoken: Pick<Spoken<S>, 'encoder' | 'spokenUpTo'> & { readonly events: readonly LoggedEvent[] },
): Promise<void> {
  const stream = openStream(reply, sweep, spoken.encoder.keepalive);
  try {
    await new Relay(spoken.encoder, stream, spoken.spokenUpTo).take(spoken.events);
    stream.end();
  } catch (cause) {
    logger.error({ err: cause, requestId: reply.request.id }, 'stored events could not be told');
    stream.cut();
  }
  if (exchange.interruption !== undefined) stream.cut();
}

function metered(take: TakeBatch, meter: RelayMeter): TakeBatch {
  return (batch) => {
    const pause = take(batch);
    meter.wrote(batch);
    return pause;
  };
}

/** Sends the head of an SSE answer. From here on errors are reported in the stream, or by cutting it. */
export function openStream(reply: FastifyReply, sweep: StreamSweep, keepalive?: SseFrame): EventStream {
  reply.hijack();
  const stream = new EventStream(reply.raw, sweep, keepalive && renderFrame(keepalive));
  stream.open();
  return stream;
}

/** An encoder that failed once may fail again when it encodes that error. */
async function saySafely(stream: EventStream, say: () => Promise<void> | undefined): Promise<void> {
  try {
    await say();
  } catch {
    stream.cut();
  }
}
