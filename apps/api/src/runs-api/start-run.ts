import { GatewayError } from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { bodyObject, runsProtocol } from '#libs/protocols';
import { ignoredFields } from '../words/unknown-fields.js';
import type { FastifyReply } from 'fastify';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import type { AdmissionRequest, RunDesk } from '../runs/admitting/run-desk.js';
import { assertCallsOf, callsOfChain } from '../runs/earlier-calls.js';
import type { ResponseFinder } from '../runs/response-finder.js';
import { assertFinished } from '../runs/assert-finished.js';
import { echoSession, type CreateRun } from '../answering/create-run.js';
import { HEADERS } from '../words/header-names.js';
import { withExchange, type ExchangeParts } from '../answering/run-exchange.js';

/**
 * POST /v1/runs: answers 202 as soon as the run is queued. Its events are at /v1/runs/{id}/events from the first one
 * on.
 */
export class StartRun {
  constructor(
    private readonly parts: ExchangeParts & {
      readonly create: CreateRun;
      readonly desk: RunDesk;
      readonly finder: ResponseFinder;
      readonly history: HistoryReader;
    },
  ) {}

  handle(request: IncomingRequest, reply: FastifyReply): Promise<void> {
    return withExchange(this.parts, request, async () => {
      const { admission } = await this.parts.create.readRequest(runsProtocol, request);
      await this.assertParent(admission);
      const run = await this.parts.desk.admit(admission);
      const replayed = run.kind !== 'opened';
      reply.raw.setHeader(HEADERS.runId, run.runId);
      echoSession(reply, admission.draft);
      if (replayed) reply.raw.setHeader(HEADERS.idempotencyReplayed, 'true');
      const warnings = ignoredFields(runsProtocol.dto, bodyObject(request.body));
      const said = warnings.length > 0 ? { warnings } : {};
      void reply.code(202).send({ run_id: run.runId, status: 'started', replayed, ...said });
    });
  }

  /**
   * The run that is continued must exist, belong to the caller, have kept its content, and have ended. A result must
   * answer a call of that run's conversation.
   */
  private async assertParent({ draft, owner }: AdmissionRequest): Promise<void> {
    if (draft.parentId === undefined) return;
    const found = await this.parts.finder.lookUp(draft.parentId, owner, 'any protocol');
    const param = 'previous_response_id';
    if (!found) throw new GatewayError('run_not_found', `There is no response or run with this '${param}'.`, { param });
    assertFinished(found);
    await assertCallsOf(draft.messages, callsOfChain(this.parts.history, draft.parentId));
  }
}
