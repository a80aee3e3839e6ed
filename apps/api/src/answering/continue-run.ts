import { GatewayError, type RunSnapshot } from '#libs/contract';
import { parseDto, type Continuation, type Protocol, type RunReply } from '#libs/protocols';
import type { FastifyReply } from 'fastify';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { RunList } from '../runs/run-list.js';
import { HEADERS } from '../words/header-names.js';
import type { CreateRun } from './create-run.js';
import type { Exchange } from './exchanges.js';
import {
  listening,
  streamEvents,
  streamRun,
  whileWorkersAre,
  withExchange,
  type ExchangeParts,
} from './run-exchange.js';
import { storedEvents } from '../runs/stored-events.js';

/** Who asks, and how to answer. */
interface Asker {
  readonly request: IncomingRequest;
  readonly reply: FastifyReply;
}

type Parts = Continuation<object, unknown>;

/**
 * Requests of a protocol that may be for a run that is there: an answer to what it waits for, or a reader that comes
 * back. All others make a run. Errors before the first byte are thrown and become an HTTP status.
 */
export class ContinueRun {
  constructor(
    private readonly create: CreateRun,
    private readonly parts: ExchangeParts,
    private readonly list: Pick<RunList, 'goingOn'>,
  ) {}

  /** The protocol's POST. */
  handle(protocol: Protocol, request: IncomingRequest, reply: FastifyReply): Promise<void> {
    const { continuation, dto } = protocol;
    const isEmpty = request.body === undefined || request.body === null;
    const said = isEmpty ? undefined : continuation?.replyOf(parseDto(dto, request.body));
    if (!continuation || !said) return this.create.handle(protocol, request, reply);
    return withExchange(this.parts, request, (exchange) =>
      this.answer(continuation, said, { request, reply, exchange }),
    );
  }

  /** The protocol's GET: the run of a conversation from its beginning, or 204 when none goes on. */
  resume(protocol: Protocol, id: string, { request, reply }: Asker): Promise<void> {
    const { continuation } = protocol;
    if (!continuation) throw new GatewayError('not_found', 'This protocol resumes nothing.');
    return withExchange(this.parts, listening(request), async (exchange) => {
      const { owner } = request;
      const going = await this.list.goingOn(owner, id);
      if (!going) {
        void reply.code(204).send();
        return;
      }
      if (reply.request.method === 'HEAD') {
        // There is a stream; a connection that waits for the end of one it cannot see helps nobody.
        void reply.type('text/event-stream; charset=utf-8').send('');
        return;
      }
      const snapshot = await this.parts.runs.get(going.runId, owner);
      await this.tell(continuation.taken({ pausesFrom: nextPause(snapshot) }), snapshot, { request, reply, exchange });
    });
  }

  /** An answer that comes too late is none: what became of the call is in the stream. */
  private async answer(continuation: Parts, said: RunReply, client: Asker & { exchange: Exchange }): Promise<void> {
    const { runId, answers } = said;
    const { owner } = client.request;
    const before = await this.parts.runs.get(runId, owner);
    const known = approvalsOf(before);
    const heard = said.heard.filter((id) => known.has(id));
    if (heard.length === 0) throw new GatewayError('approval_not_pending', 'The run has asked for no such approval.');
    const taken = new Set<string>();
    for (const { approvalId, decide } of answers.filter(({ approvalId: id }) => known.has(id))) {
      const { decision, answers: content } = decide(known.get(approvalId) === true);
      const order = { decision, requestId: approvalId, ...(content !== undefined && { answers: content }) };
      if (await this.approve(runId, owner, order)) taken.add(approvalId);
    }
    const now = await this.parts.runs.get(runId, owner);
    const taking = { pausesFrom: nextPause(now, taken), heard: new Set(heard) };
    await this.tell(continuation.taken(taking), now, client);
  }

  private async approve(runId: string, owner: string, order: Parameters<ExchangeParts['runs']['approve']>[2]) {
    try {
      await this.parts.runs.approve(runId, owner, order);
      return true;
    } catch (cause) {
      if (cause instanceof GatewayError && cause.code === 'approval_not_pending') return false;
      throw cause;
    }
  }

  private async tell(
    encoder: ReturnType<Parts['taken']>,
    snapshot: RunSnapshot,
    { request, ...client }: Asker & { exchange: Exchange },
  ): Promise<void> {
    const { runId } = snapshot;
    client.reply.raw.setHeader(HEADERS.runId, runId);
    const found = await this.parts.runs.find(runId, request.owner);
    if (found.kind === 'stored') {
      await streamEvents(this.parts, client, { encoder, spokenUpTo: 0, events: storedEvents(found.snapshot) });
      return;
    }
    const run = { runId, instance: found.head.instance };
    await this.parts.runs.attend(runId, () =>
      whileWorkersAre(this.parts.workers, client.exchange, () =>
        streamRun(this.parts, client, { run, encoder, spokenUpTo: 0 }),
      ),
    );
  }
}

/** The requests of a run by their ids, and whether each asks for more than yes or no. */
function approvalsOf({ items }: RunSnapshot): ReadonlyMap<string, boolean> {
  return new Map(
    items.flatMap((item) =>
      item.type === 'tool_call' && item.approval ? [[item.approval.approvalId, item.approval.ask !== undefined]] : [],
    ),
  );
}

/**
 * The number from which on a parked run waits for this client: behind the last event, or at it when the run is parked
 * there and none of the answers that were just taken wakes it.
 */
function nextPause({ lastSeq, lastType, items }: RunSnapshot, taken: ReadonlySet<string> = new Set()): number {
  if (lastType !== 'run.parked') return lastSeq + 1;
  const wakes = items.some(
    (item) =>
      item.type === 'tool_call' && item.approval?.decision === undefined && taken.has(item.approval?.approvalId ?? ''),
  );
  return wakes ? lastSeq + 1 : lastSeq;
}
