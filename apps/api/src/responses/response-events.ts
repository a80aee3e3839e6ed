import { isJsonObject, isTerminal, type JsonValue, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import { encodeResponses, resumedAfter, type ResponsesState, type SseFrame } from '#libs/protocols';
import type { FastifyReply } from 'fastify';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { HEADERS } from '../words/header-names.js';
import type { Encoder } from '../answering/relay.js';
import {
  listening,
  streamEvents,
  streamRun,
  withExchange,
  type Client,
  type ExchangeParts,
} from '../answering/run-exchange.js';
import { storedEvents } from '../runs/stored-events.js';
import type { ResponseFinder } from '../runs/response-finder.js';

/**
 * GET /v1/responses/{id}?stream=true: any number of listeners, on any replica, after any event, during and after the
 * run.
 */
export class ResponseEvents {
  constructor(private readonly parts: ExchangeParts & { readonly finder: ResponseFinder }) {}

  /** @param asked `startingAfter` is a `sequence_number`; absent: everything. */
  handle(
    request: IncomingRequest,
    reply: FastifyReply,
    asked: { readonly id: string; readonly startingAfter: number | undefined },
  ): Promise<void> {
    return withExchange(this.parts, listening(request), async (exchange) => {
      const found = await this.parts.finder.find(asked.id, request.owner);
      reply.raw.setHeader(HEADERS.runId, found.runId);
      if (reply.request.method === 'HEAD') {
        void reply.type('text/event-stream; charset=utf-8').send('');
        return;
      }
      const client = { exchange, reply };
      if (found.kind === 'stored') return this.tellStored(client, found.snapshot, asked.startingAfter);
      const run = { runId: found.runId, instance: found.head.instance };
      const encoder = resumedAfter(asked.startingAfter ?? -1);
      await this.parts.runs.attend(run.runId, () => streamRun(this.parts, client, { run, encoder, spokenUpTo: 0 }));
    });
  }

  /**
   * The events have expired. Without a cursor the stream is rebuilt from the stored run, with each text in one piece.
   * The numbers of the first stream mean nothing there, so a cursor yields only the end, which holds the whole
   * response.
   */
  private tellStored(client: Client, snapshot: RunSnapshot, startingAfter: number | undefined): Promise<void> {
    const encoder = startingAfter === undefined ? resumedAfter(-1) : endAfter(startingAfter);
    return streamEvents(this.parts, client, { encoder, spokenUpTo: 0, events: storedEvents(snapshot) });
  }
}

/** Only the terminal event and [DONE], with a number higher than the client's last one. */
function endAfter(startingAfter: number): Encoder<ResponsesState> {
  const whole = resumedAfter(-1);
  return {
    begin: () => whole.begin(),
    encode(state: ResponsesState, event: LoggedEvent) {
      const [next, frames] = encodeResponses(state, event);
      if (!isTerminal(event)) return [next, []];
      return [next, frames.slice(-2).map((frame) => renumbered(frame, startingAfter + 1))];
    },
  };
}

function renumbered(frame: SseFrame, sequenceMin: number): SseFrame {
  if (frame.comment !== undefined || !frame.data.startsWith('{')) return frame;
  const data: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(data)) return frame;
  const number = Math.max(sequenceMin, Number(data['sequence_number']));
  return { ...frame, data: JSON.stringify({ ...data, sequence_number: number }) };
}
