import { fromRunError, GatewayError, leftOutHeader, type RunDraft, type RunSnapshot } from '#libs/contract';
import {
  bodyObject,
  cancelledError,
  NO_PREPARATION,
  otherFields,
  parseDto,
  parseEventCursor,
  runsProtocol,
  servedFields,
  withTimedOut,
  type AnswerTraits,
  type Preparation,
  type Protocol,
} from '#libs/protocols';
import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { idempotencyClaim } from '../runs/admitting/idempotency-key.js';
import type { Admitted, AdmissionRequest, RunDesk } from '../runs/admitting/run-desk.js';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { ApiMeters, RelayMeter } from '../edge/api-meters.js';
import type { ModelDirectory } from '../runs/model-directory.js';
import { storedEvents } from '../runs/stored-events.js';
import { placeInSession } from '../runs/placing/place-in-session.js';
import { withSpendLimits } from '../runs/placing/spend-limits.js';
import { readSessionHeaders } from '../runs/placing/session-headers.js';
import type { Exchange } from './exchanges.js';
import { HEADERS } from '../words/header-names.js';
import type { FileReader } from '../attachments/file-reader.js';
import { readFiles } from '../attachments/read-files.js';
import { decodeContext } from './decode-context.js';
import { streamEvents, streamRun, whileWorkersAre, withExchange, type ExchangeParts } from './run-exchange.js';

export interface CreateRunParts extends ExchangeParts {
  readonly desk: RunDesk;
  readonly models: ModelDirectory;
  readonly meters: ApiMeters;
  readonly files: Pick<FileReader, 'read'>;
  readonly messageCharsMax: number;
  readonly serverCalls: 'mcp_call' | 'function_call';
  readonly approvalsInChat: 'say' | 'deny' | 'wait';
  /** Whether API keys are configured. */
  readonly isKeyed: boolean;
  /** Preparations by the name of their protocol. */
  readonly preparations?: ReadonlyMap<string, Preparation>;
}

/** A request after reading: what to run, and how to answer. */
export interface ReadRequest {
  readonly admission: AdmissionRequest;
  readonly traits: AnswerTraits;
}

/** The parts of a request for a run, over HTTP or over a WebSocket. */
export type RunRequest = Pick<IncomingRequest, 'body' | 'headers' | 'owner'>;

type LiveRun = Exclude<Admitted, { kind: 'stored' }>;

/** One request that creates a run, while it is handled. */
interface Creation {
  readonly protocol: Protocol;
  readonly exchange: Exchange;
  readonly request: IncomingRequest;
  readonly reply: FastifyReply;
  readonly meter: RelayMeter;
}

/**
 * The POST of every protocol: reads the body, resolves the model, gets the run admitted, then relays it (stream) or
 * waits for it (no stream; the same path, folded). Errors before the first byte are thrown and become an HTTP status.
 */
export class CreateRun {
  constructor(private readonly parts: CreateRunParts) {}

  handle(protocol: Protocol, request: IncomingRequest, reply: FastifyReply): Promise<void> {
    const meter = this.parts.meters.relay();
    return withExchange(this.parts, request, async (exchange) => {
      const { admission, traits } = await this.readRequest(protocol, request);
      for (const [name, value] of Object.entries(traits.headers)) reply.raw.setHeader(name, value);
      nameLeftOut(reply, admission.draft);
      const run = await this.parts.desk.admit(this.forWorkers(admission, traits), exchange.signal);
      reply.raw.setHeader(HEADERS.runId, run.runId);
      echoSession(reply, admission.draft);
      if (run.kind !== 'opened') reply.raw.setHeader(HEADERS.idempotencyReplayed, 'true');
      const creation = { protocol, exchange, request, reply, meter };
      if (traits.answersAtOnce) return this.answerAtOnce(creation, admission.owner, run);
      await this.listen(creation, admission, run);
    });
  }

  /**
   * Reads a request for a run. Throws GatewayError.
   * @param preparation used instead of the protocol's own.
   */
  async readRequest(protocol: Protocol, request: RunRequest, preparation?: Preparation): Promise<ReadRequest> {
    const { body, headers, owner } = request;
    if (body === undefined || body === null) throw new GatewayError('invalid_json', 'The body is empty.');
    const claim = idempotencyClaim({ owner, route: protocol.path, headers, body: bodyObject(body) });
    const context = {
      ...decodeContext(headers, this.parts.messageCharsMax),
      otherFields: otherFields(protocol.dto, bodyObject(body)),
      serverCalls: this.parts.serverCalls,
      saysApprovals: this.parts.approvalsInChat === 'say',
    };
    const understood = protocol.decode(parseDto(protocol.dto, body), context);
    const isDenied = this.parts.approvalsInChat === 'deny' && protocol !== runsProtocol && !context.hermesClient;
    const decoded: RunDraft = isDenied ? { ...understood, approvals: 'deny' } : understood;
    const model = await this.parts.models.resolve(decoded.model);
    await this.parts.models.assertNoServerTool(decoded.tools);
    const prepared = preparation ?? this.parts.preparations?.get(protocol.name) ?? NO_PREPARATION;
    const asked = readSessionHeaders(headers, this.parts.isKeyed);
    const group = prepared.memberOf?.(decoded) ?? asked.group;
    const place = { ...asked, derives: prepared.derivesSession, ...(group !== undefined && { group }) };
    // Vectors are part of no conversation.
    const { draft: placed, turn } = decoded.embed ? { draft: decoded } : placeInSession(decoded, place, owner);
    const draft = await withSpendLimits(placed, headers, (param) => this.parts.models.assertPriced(model, param));
    const admission: AdmissionRequest = {
      draft,
      ...(turn && { turn }),
      model,
      owner,
      ...(claim && { claim }),
      complete: async (runId) => {
        const completed = await prepared.complete(draft, { owner, runId });
        return { ...completed, draft: await readFiles({ reader: this.parts.files, owner }, completed.draft) };
      },
    };
    return { admission, traits: prepared.traits(draft) };
  }

  /** Answers with the present state of the run, which continues without this request. */
  private async answerAtOnce({ protocol, reply }: Creation, owner: string, run: Admitted): Promise<void> {
    // Nobody will read the tail, and its failure would add nothing.
    if (run.kind === 'opened') run.primed?.return?.().catch(() => undefined);
    const snapshot = run.kind === 'stored' ? run.snapshot : await this.parts.runs.get(run.runId, owner);
    void reply.send(protocol.final(snapshot));
  }

  private async listen(creation: Creation, { draft, claim }: AdmissionRequest, run: Admitted): Promise<void> {
    let isOver = false;
    const answer = async (): Promise<void> => {
      if (run.kind === 'stored') await this.answerStored(creation, draft, run.snapshot);
      else if (draft.stream) isOver = await this.stream(creation, run);
      else await this.wait(creation, draft, run);
    };
    // A request that joined the run of another request never ends that run.
    const mayEnd = run.kind === 'opened' && draft.onDisconnect === 'cancel';
    const isLeft = (): boolean => mayEnd && (isOver || creation.exchange.isGivenUp(claim !== undefined));
    await this.parts.runs.attend(
      run.runId,
      () => whileWorkersAre(this.parts.workers, creation.exchange, answer),
      isLeft,
    );
  }

  /** A run whose caller waits for it is not opened while there is nobody to execute it, and has not been for long. */
  private forWorkers(admission: AdmissionRequest, { answersAtOnce }: AnswerTraits): AdmissionRequest {
    const { complete } = admission;
    if (answersAtOnce || !complete) return admission;
    const completeForWorkers = (runId: string): ReturnType<typeof complete> => {
      this.parts.workers.assertThere();
      return complete(runId);
    };
    return { ...admission, complete: completeForWorkers };
  }

  /** @returns like `streamRun`. */
  private stream({ protocol, exchange, request, reply, meter }: Creation, run: LiveRun): Promise<boolean> {
    const isNew = run.kind === 'opened';
    const spokenUpTo = isNew ? 0 : cursorOf(request.headers, run);
    const spoken = { run, encoder: protocol, spokenUpTo, ...(isNew && { meter }) };
    return streamRun(this.parts, { exchange, reply }, spoken);
  }

  private async wait({ protocol, exchange, reply }: Creation, draft: RunDraft, run: LiveRun): Promise<void> {
    const snapshot = await this.parts.runs.wait({ ...run, after: 0 }, exchange.signal);
    if (exchange.interruption === 'client_gone') {
      reply.hijack();
      return;
    }
    if (exchange.interruption === 'no_worker') throw this.parts.workers.error();
    if (exchange.interruption === 'draining') {
      throw new GatewayError('draining', 'This server is shutting down. The run goes on under its X-Run-Id.');
    }
    nameLeftOut(reply, draft, snapshot);
    sayWhetherFinal(reply, snapshot);
    void reply.send(answerOf(protocol, withTimedOut(snapshot)));
  }

  /** Answers a run whose log has expired with the stored content. A stream then has each text in one piece. */
  private async answerStored({ protocol, ...client }: Creation, draft: RunDraft, snapshot: RunSnapshot): Promise<void> {
    if (!draft.stream) {
      nameLeftOut(client.reply, draft, snapshot);
      sayWhetherFinal(client.reply, snapshot);
      void client.reply.send(answerOf(protocol, snapshot));
      return;
    }
    await streamEvents(this.parts, client, { encoder: protocol, spokenUpTo: 0, events: storedEvents(snapshot) });
  }
}

/**
 * Puts the session of a run on its answer, under both header names, because each client looks for the name that it
 * sent.
 */
export function echoSession(reply: FastifyReply, { sessionId }: RunDraft): void {
  if (sessionId !== undefined) for (const name of HEADERS.session) reply.raw.setHeader(name, sessionId);
}

/**
 * Names in a header the parts of the request that were left out. Fields that an upstream refused are known only after
 * its answer.
 */
function nameLeftOut(reply: FastifyReply, draft: RunDraft, snapshot?: RunSnapshot): void {
  const asked = draft.leftOut ?? [];
  const names = [...asked, ...(snapshot?.steps ?? []).flatMap(({ leftOut = [] }) => leftOut)];
  if (names.length === 0) return;
  const value = leftOutHeader(names);
  if (value !== undefined) reply.raw.setHeader(HEADERS.leftOut, value);
  const tools = leftOutHeader(asked.flatMap((name) => name.match(/^tools\.(.+)$/)?.[1] ?? []));
  if (tools !== undefined) reply.raw.setHeader(HEADERS.leftOutTools, tools);
}

/** SDKs repeat a failed request. After tools with effects, a repetition would cause these effects twice. */
function sayWhetherFinal(reply: FastifyReply, { error, items }: RunSnapshot): void {
  const hasActed = items.some((item) => item.type === 'tool_call' && item.dispatched && item.executedBy === 'server');
  if (error && hasActed) reply.raw.setHeader('x-should-retry', 'false');
}

/** The protocol's whole answer. Throws the GatewayError of a run that failed or was cancelled. */
function answerOf(protocol: Protocol, snapshot: RunSnapshot): unknown {
  if (snapshot.error) throw fromRunError(snapshot.error);
  if (snapshot.status === 'cancelled') throw fromRunError(cancelledError(snapshot.cancelReason ?? 'requested'));
  const answer = protocol.final(snapshot);
  return protocol.saysWhoServed ? { ...answer, ...servedFields(snapshot) } : answer;
}

/**
 * A cursor that is foreign, malformed or ahead means everything, because a client must not be left without an answer.
 */
function cursorOf(headers: IncomingHttpHeaders, run: { readonly runId: string; readonly lastSeq: number }): number {
  const text = headers[HEADERS.lastEventId];
  const cursor = typeof text === 'string' ? parseEventCursor(text, run.runId) : undefined;
  return cursor !== undefined && cursor <= run.lastSeq ? cursor : 0;
}
