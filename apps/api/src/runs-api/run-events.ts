import { assertContentKept, type RunSnapshot } from '#libs/contract';
import { parseEventCursor, runsEncoder, type SseFrame } from '#libs/protocols';
import type { FastifyReply } from 'fastify';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { API_LIMITS } from '../words/api-limits.js';
import { storedEvents } from '../runs/stored-events.js';
import { HEADERS } from '../words/header-names.js';
import { onDisconnectOf } from '../words/on-disconnect.js';
import type { Encoder } from '../answering/relay.js';
import {
  listening,
  streamEvents,
  streamRun,
  withExchange,
  type Client,
  type ExchangeParts,
} from '../answering/run-exchange.js';

/** The run that a listener asks for, and its cursor, both unchecked. */
export interface RunListener {
  readonly runId: string;
  readonly afterSeq: number | undefined;
  /** The header, or the query parameter `after_event_id`. */
  readonly lastEventId: unknown;
}

/** Sent to listeners when this process stops. */
export const COME_BACK = `retry: ${API_LIMITS.sseReconnectMs}\n\n`;

/** GET /v1/runs/{id}/events: any number of listeners, on any replica, from any event. */
export class RunEvents {
  constructor(private readonly parts: ExchangeParts) {}

  handle(request: IncomingRequest, reply: FastifyReply, listener: RunListener): Promise<void> {
    return withExchange(this.parts, listening(request), async (exchange) => {
      const { runId, lastEventId, afterSeq: after } = listener;
      const onDisconnect = onDisconnectOf(request.headers);
      const found = await this.parts.runs.find(runId, request.owner);
      reply.raw.setHeader(HEADERS.runId, runId);
      if (found.kind === 'stored') assertContentKept(found.snapshot);
      if (reply.request.method === 'HEAD') {
        // The stream exists. A connection that stays open until the end of that stream would not help a HEAD request.
        void reply.type('text/event-stream; charset=utf-8').send('');
        return;
      }
      if (found.kind === 'stored') {
        const cursor = cursorOf(runId, lastEventId, { after, lastSeq: found.snapshot.lastSeq });
        return this.lastOfStored({ exchange, reply }, found.snapshot, cursor);
      }
      const cursor = cursorOf(runId, lastEventId, { after, lastSeq: found.head.lastSeq });
      const spoken = {
        run: { runId, instance: found.head.instance },
        encoder: runsEncoder,
        spokenUpTo: cursor,
        comeBack: COME_BACK,
      };
      await this.parts.runs.attend(
        runId,
        () => streamRun(this.parts, { exchange, reply }, spoken),
        () => onDisconnect === 'cancel' && exchange.interruption === 'client_gone',
      );
    });
  }

  /** The events have expired. Only the end is left, and is marked as stored. */
  private lastOfStored(client: Client, snapshot: RunSnapshot, cursor: number): Promise<void> {
    const events = storedEvents(snapshot);
    const beforeLast = (events.at(-1)?.seq ?? 1) - 1;
    const spokenUpTo = Math.max(cursor, beforeLast);
    return streamEvents(this.parts, client, { encoder: markStored(runsEncoder), spokenUpTo, events });
  }
}

/**
 * The number after which the stream begins. Last-Event-ID wins, because a browser that reconnects sends it to the same
 * URL. A Last-Event-ID that is foreign, malformed or ahead means everything, so no event is silently skipped. An
 * `after_seq` that is ahead means "from now on".
 */
export function cursorOf(
  runId: string,
  lastEventId: unknown,
  { after, lastSeq }: { readonly after: number | undefined; readonly lastSeq: number },
): number {
  if (typeof lastEventId === 'string') {
    const cursor = parseEventCursor(lastEventId, runId);
    return cursor !== undefined && cursor <= lastSeq ? cursor : 0;
  }
  return Math.min(after ?? 0, lastSeq);
}

/** Marks every frame as made from the stored run. */
export function markStored<S>(encoder: Encoder<S>): Encoder<S> {
  const mark = (frame: SseFrame): SseFrame => {
    if (frame.comment !== undefined) return frame;
    return { ...frame, data: JSON.stringify({ ...(JSON.parse(frame.data) as object), replayed_from: 'store' }) };
  };
  return {
    begin: () => encoder.begin(),
    encode(state, event) {
      const [next, frames] = encoder.encode(state, event);
      return [next, frames.map(mark)];
    },
  };
}
