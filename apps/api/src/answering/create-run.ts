import { fromRunError, GatewayError, leftOutHeader, type RunDraft, type RunSnapshot } from '#libs/contract';
import {
  bodyObject,
  cancelledError,
  NO_PREPARATION,
  otherFields,
  parseDto,
  parseEventCursor,
  servedFields,
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
import { readSessionHeaders } from '../runs/placing/session-headers.js';
import type { Exchange } from './exchanges.js';
import { HEADERS } from '../words/header-names.js';
import { decodeContext } from './decode-context.js';
import { streamEvents, streamRun, whileWorkersAre, withExchange, type ExchangeParts } from './run-exchange.js';

export interface CreateRunParts extends ExchangeParts {
  readonly desk: RunDesk;
  readonly models: ModelDirectory;
  readonly meters: ApiMeters;
  readonly messageCharsMax: number;
  readonly serverCalls: 'mcp_call' | 'function_call';
  /** API keys are configured. */
  readonly isKeyed: boolean;
  /** By the name of the protocol. */
  readonly preparations?: ReadonlyMap<string, Preparation>;
}

/** A request that has been understood: what to run, and how to answer. */
export interface ReadRequest {
  readonly admission: AdmissionRequest;
  readonly traits: AnswerTraits;
}

/** What a request for a run consists of, over HTTP or over a WebSocket. */
export type RunRequest = Pick<IncomingRequest, 'body' | 'headers' | 'owner'>;

type LiveRun = Exclude<Admitted, { kind: 'stored' }>;

/** One request that creates a run, on its way through. */
interface Creation {
  readonly protocol: Protocol;
  readonly exchange: Exchange;
  readonly request: IncomingRequest;
  readonly reply: FastifyReply;
  readonly meter: RelayMeter;
}

/**
 * What every protocol's POST does: understand the body, resolve the model, get the run admitted, then relay it (stream)
 * or wait for it (no stream; the same path, folded). Errors before the first byte are thrown and become an HTTP status.
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
      await this.listen(creation, admission.draft, run);
    });
  }

  /**
   * Understands a request for a run. Throws GatewayError.
   * @param preparation instead of the protocol's own.
   */
  async readRequest(protocol: Protocol, request: RunRequest, preparation?: Preparation): Promise<ReadRequest> {
    const { body, headers, owner } = request;
    if (body === undefined || body === null) throw new GatewayError('invalid_json', 'The body is empty.');
    const claim = idempotencyClaim({ owner, route: protocol.path, headers, body: bodyObject(body) });
    const context = {
      ...decodeContext(headers, this.parts.messageCharsMax),
      otherFields: otherFields(protocol.dto, bodyObject(body)),
      serverCalls: this.parts.serverCalls,
    };
    const decoded = protocol.decode(parseDto(protocol.dto, body), context);
    const model = await this.parts.models.resolve(decoded.model);
    await this.parts.models.assertNoServerTool(decoded.tools);
    const prepared = preparation ?? this.parts.preparations?.get(protocol.name) ?? NO_PREPARATION;
    const asked = readSessionHeaders(headers, this.parts.isKeyed);
    const { draft, turn } = placeInSession(decoded, { ...asked, derives: prepared.derivesSession }, owner);
    const admission: AdmissionRequest = {
      draft,
      ...(turn && { turn }),
      model,
      owner,
      ...(claim && { claim }),
      complete: (runId) => prepared.complete(draft, { owner, runId }),
    };
    return { admission, traits: prepared.traits(draft) };
  }

  /** The run goes on without us: the answer is what is known of it now. */
  private async answerAtOnce({ protocol, reply }: Creation, owner: string, run: Admitted): Promise<void> {
    // Nobody will read it; its own failure adds nothing.
    if (run.kind === 'opened') run.primed?.return?.().catch(() => undefined);
    const snapshot = run.kind === 'stored' ? run.snapshot : await this.parts.runs.get(run.runId, owner);
    void reply.send(protocol.final(snapshot));
  }

  private async listen(creation: Creation, draft: RunDraft, run: Admitted): Promise<void> {
    let isOver = false;
    const answer = async (): Promise<void> => {
      if (run.kind === 'stored') await this.answerStored(creation, draft, run.snapshot);
      else if (draft.stream) isOver = await this.stream(creation, run);
      else await this.wait(creation, draft, run);
    };
    // A request that joined another's run never ends it.
    const mayEnd = run.kind === 'opened' && draft.onDisconnect === 'cancel';
    const isLeft = (): boolean => mayEnd && (isOver || creation.exchange.isGivenUp);
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

  /** @returns as `streamRun` does. */
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
    void reply.send(answerOf(protocol, snapshot));
  }

  /** The log has expired: the same answer from what was kept; a stream gives its texts whole. */
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

/** Names the session of a run on its answer, under both names: clients of either kind look for the one they sent. */
export function echoSession(reply: FastifyReply, { sessionId }: RunDraft): void {
  if (sessionId !== undefined) for (const name of HEADERS.session) reply.raw.setHeader(name, sessionId);
}

/**
 * Names in a header what of the request went no further; what an upstream did not take is known when it has answered.
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

/** SDKs send a failed request again: behind tools that have acted, they would act twice. */
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

/** A cursor that is foreign, malformed or ahead means everything: a client must not be left without an answer. */
function cursorOf(headers: IncomingHttpHeaders, run: { readonly runId: string; readonly lastSeq: number }): number {
  const text = headers[HEADERS.lastEventId];
  const cursor = typeof text === 'string' ? parseEventCursor(text, run.runId) : undefined;
  return cursor !== undefined && cursor <= run.lastSeq ? cursor : 0;
}
