import { assertContentKept, GatewayError } from '#libs/contract';
import { runsEncoder } from '#libs/protocols';
import type { FoundRun } from '#libs/runs';
import type { FastifyReply } from 'fastify';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { EventStream } from '../answering/event-stream.js';
import type { Exchange } from '../answering/exchanges.js';
import { Relay } from '../answering/relay.js';
import { listening, openStream, withExchange, type ExchangeParts } from '../answering/run-exchange.js';
import { storedEvents } from '../runs/stored-events.js';
import { API_LIMITS } from '../words/api-limits.js';
import { COME_BACK, cursorOf, markStored } from './run-events.js';

interface Followed {
  readonly runId: string;
  readonly found: FoundRun;
  readonly cursor: number;
}

/**
 * GET /v1/runs/events: the events of several runs on one stream, with the same frames as on each run's own stream. A
 * browser allows six connections to a host, and a page shows more runs than that.
 */
export class ManyRunEvents {
  constructor(private readonly parts: ExchangeParts) {}

  /**
   * @param run `<run id>:<seq>`, one or several. Throws GatewayError `invalid_cursor`, and `run_not_found` or
   *   `run_expired` with the run as `param`, so that the client can continue without it.
   */
  handle(request: IncomingRequest, reply: FastifyReply, run: unknown): Promise<void> {
    const cursors = cursorsIn(run);
    return withExchange(this.parts, listening(request), async (exchange) => {
      const runs = await Promise.all(cursors.map((cursor) => this.find(cursor, request.owner)));
      if (reply.request.method === 'HEAD') {
        void reply.type('text/event-stream; charset=utf-8').send('');
        return;
      }
      await this.relayAll(exchange, openStream(reply, this.parts.sweep), runs);
    });
  }

  /**
   * A run that cannot be followed any further cuts the stream. The client then reconnects with a cursor for each run.
   */
  private async relayAll(exchange: Exchange, stream: EventStream, runs: readonly Followed[]): Promise<void> {
    const failed = new AbortController();
    const signal = AbortSignal.any([exchange.signal, failed.signal]);
    try {
      await Promise.all(runs.map((run) => this.relay(stream, run, signal)));
    } catch (cause) {
      failed.abort();
      if (exchange.interruption === undefined)
        this.parts.logger.warn({ err: cause }, 'a stream of many runs broke off');
      stream.cut();
      return;
    }
    if (exchange.interruption === 'client_gone') return stream.cut();
    if (exchange.interruption === 'draining') await stream.add(COME_BACK);
    stream.end();
  }

  private async relay(stream: EventStream, { runId, found, cursor }: Followed, signal: AbortSignal): Promise<void> {
    if (found.kind === 'stored') {
      const events = storedEvents(found.snapshot);
      const beforeLast = (events.at(-1)?.seq ?? 1) - 1;
      await new Relay(markStored(runsEncoder), stream, Math.max(cursor, beforeLast)).take(events);
      return;
    }
    const { runs } = this.parts;
    const relay = new Relay(runsEncoder, stream, cursor);
    const start = { runId, instance: found.head.instance, after: 0 };
    await runs.attend(runId, () => runs.follow(start, relay.take, signal));
  }

  private async find({ runId, after }: Cursor, owner: string): Promise<Followed> {
    try {
      const found = await this.parts.runs.find(runId, owner);
      if (found.kind === 'stored') assertContentKept(found.snapshot, runId);
      const lastSeq = found.kind === 'stored' ? found.snapshot.lastSeq : found.head.lastSeq;
      return { runId, found, cursor: cursorOf(runId, `${runId}:${after}`, { after: undefined, lastSeq }) };
    } catch (cause) {
      if (!(cause instanceof GatewayError) || cause.code !== 'run_not_found') throw cause;
      throw new GatewayError('run_not_found', 'There is no run with this id.', { param: runId, cause });
    }
  }
}

interface Cursor {
  readonly runId: string;
  readonly after: number;
}

function cursorsIn(run: unknown): readonly Cursor[] {
  const texts: readonly unknown[] = Array.isArray(run) ? run : [run];
  const { followedRunsMax } = API_LIMITS;
  if (texts.length > followedRunsMax) throw invalid(`is given ${followedRunsMax} times at most.`);
  const cursors = texts.map(cursorIn);
  if (new Set(cursors.map(({ runId }) => runId)).size < cursors.length) throw invalid('names a run twice.');
  return cursors;
}

function cursorIn(text: unknown): Cursor {
  const match = typeof text === 'string' ? /^(run_[0-9a-f]{32}):(\d{1,15})$/.exec(text) : null;
  if (!match) throw invalid('must be <run id>:<seq>, once for each run.');
  return { runId: match[1] ?? '', after: Number(match[2]) };
}

const invalid = (what: string): GatewayError => new GatewayError('invalid_cursor', `'run' ${what}`, { param: 'run' });
