import {
  assertContentKept,
  continued,
  GatewayError,
  mannerOf,
  type AskedManner,
  type Message,
  type RunDraft,
  type RunJournal,
  type RunSnapshot,
  type ToolChoice,
} from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { bodyObject, RERUN } from '#libs/protocols';
import type { FastifyReply } from 'fastify';
import { withExchange, type ExchangeParts } from '../answering/run-exchange.js';
import type { IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { idempotencyClaim } from '../runs/admitting/idempotency-key.js';
import type { RunDesk } from '../runs/admitting/run-desk.js';
import type { ModelDirectory } from '../runs/model-directory.js';
import { withSpendLimits } from '../runs/placing/spend-limits.js';
import { HEADERS } from '../words/header-names.js';

export interface RerunOrder {
  readonly runId: string;
  /** How many of the completed steps the new run continues. */
  readonly steps: number;
  readonly model?: string;
}

/** What a run was asked. */
interface Asked extends Pick<RunDraft, 'context'> {
  readonly messages: readonly Message[];
  readonly manner: AskedManner;
}

/**
 * POST /v1/runs/{id}/rerun: the model is told what it was told then, and what it said and did in the first steps, and
 * goes on from there. Tools of those steps are not executed again. The new run belongs to no session, so that no
 * conversation goes on from it by itself.
 */
export class Rerun {
  constructor(
    private readonly parts: ExchangeParts & {
      readonly desk: Pick<RunDesk, 'admit'>;
      readonly models: Pick<ModelDirectory, 'resolve' | 'assertPriced'>;
      readonly history: Pick<HistoryReader, 'turn'>;
      readonly log: Pick<RunJournal, 'spec'>;
    },
  ) {}

  /**
   * Throws GatewayError `run_not_found`, `invalid_request` for a number of steps that nothing can follow and for a run
   * that is not to be stored, and `run_expired` when what the run was asked is not there any more.
   */
  handle(request: IncomingRequest, reply: FastifyReply, order: RerunOrder): Promise<void> {
    return withExchange(this.parts, request, async () => {
      const { owner, headers, body } = request;
      const route = `/v1/runs/${order.runId}/rerun`;
      const claim = idempotencyClaim({ owner, route, headers, body: bodyObject(body ?? {}) });
      const { draft: asked, model } = await this.draftOf(order, owner);
      const { models } = this.parts;
      const draft = await withSpendLimits(asked, headers, (param) => models.assertPriced(model, param));
      const run = await this.parts.desk.admit({ draft, model, owner, ...(claim && { claim }) });
      const replayed = run.kind !== 'opened';
      reply.raw.setHeader(HEADERS.runId, run.runId);
      if (replayed) reply.raw.setHeader(HEADERS.idempotencyReplayed, 'true');
      void reply.code(202).send({ run_id: run.runId, status: 'started', replayed });
    });
  }

  /** The run that is asked for, and its model's name. Throws as `handle` does. */
  async draftOf({ runId, steps, model }: RerunOrder, owner: string): Promise<{ draft: RunDraft; model: string }> {
    const snapshot = await this.parts.runs.get(runId, owner);
    assertContentKept(snapshot);
    const kept = firstSteps(snapshot, steps);
    const { messages, manner, context } = await this.asked(runId);
    const isCompacted = kept.items.some((item) => item.type === 'text' && item.compaction !== undefined);
    const { parentId, metadata } = snapshot;
    const before = isCompacted ? {} : { ...(parentId !== undefined && { parentId }), ...(context && { context }) };
    const draft: RunDraft = {
      protocol: 'runs',
      model: model ?? snapshot.model,
      ...manner,
      ...before,
      messages: continued(messages, kept),
      toolChoice: steps > 0 ? later(manner.toolChoice) : manner.toolChoice,
      onDisconnect: 'continue',
      stream: false,
      echo: { [RERUN]: { run_id: runId, steps } },
      ...(metadata && { metadata }),
    };
    return { draft, model: await this.parts.models.resolve(draft.model) };
  }

  private async asked(runId: string): Promise<Asked> {
    const spec = await this.parts.log.spec(runId);
    // Its content would come into the store by way of the new run.
    if (spec?.retain === false) {
      throw new GatewayError('invalid_request', 'A run that is not to be stored (store: false) cannot be run again.');
    }
    if (spec)
      return { messages: spec.messages, manner: mannerOf(spec), ...(spec.context && { context: spec.context }) };
    const { input } = (await this.parts.history.turn(runId)) ?? {};
    if (input?.manner) return { messages: input.messages, manner: input.manner };
    throw new GatewayError('run_expired', 'What this run was asked is not kept whole any more.');
  }
}

type Kept = Pick<RunSnapshot, 'status' | 'items' | 'steps' | 'steers'>;

/** The run up to the end of its completed step `count`. Throws GatewayError `invalid_request`. */
function firstSteps(snapshot: RunSnapshot, count: number): Kept {
  const completed = snapshot.steps.filter(({ status }) => status === 'completed');
  const last = completed[count - 1]?.step ?? 0;
  if (count > completed.length) throw wrong(`must be at most ${completed.length}: the run has completed so many.`);
  if (count > 0 && !goesOn(snapshot, last)) {
    throw wrong('must end with a step whose calls the gateway has answered: nothing follows any other.');
  }
  return {
    status: 'running',
    steps: snapshot.steps.filter(({ step }) => step <= last),
    items: snapshot.items.filter(({ step }) => step <= last),
    steers: (snapshot.steers ?? []).filter(({ afterStep }) => afterStep <= last && count > 0),
  };
}

function goesOn({ items }: RunSnapshot, step: number): boolean {
  const said = items.filter((item) => item.step === step);
  if (said.some((item) => item.type === 'text' && item.compaction !== undefined)) return true;
  const calls = said.filter((item) => item.type === 'tool_call');
  return calls.length > 0 && calls.every((call) => call.executedBy === 'server' && call.output !== undefined);
}

const wrong = (problem: string): GatewayError =>
  new GatewayError('invalid_request', `'steps' ${problem}`, { param: 'steps' });

/** What the caller forced was forced in the first step. */
function later(choice: ToolChoice): ToolChoice {
  if (choice.kind === 'required' || choice.kind === 'named') return { kind: 'auto' };
  return choice.kind === 'allowed' ? { ...choice, mode: 'auto' } : choice;
}
