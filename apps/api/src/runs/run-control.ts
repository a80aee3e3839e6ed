import { withDeadline } from '#libs/bus';
import {
  GatewayError,
  type JsonObject,
  pendingCalls,
  type RunQueue,
  type RunSignals,
  type RunSnapshot,
} from '#libs/contract';
import { readAnswers, type ApprovalOrder } from '#libs/protocols';
import type { RunService } from './run-service.js';

export interface ControlPorts {
  readonly log: RunSignals;
  readonly queue: Pick<RunQueue, 'wake'>;
}

/**
 * What was answered: which request if it was one, how many, and whether all of it had been answered the same before.
 */
export interface Resolved {
  readonly requestId?: string;
  readonly resolved: number;
  readonly replayed: boolean;
}

/** Answers and texts to runs, on any replica: recorded in the run's log first, then its worker or its job is told. */
export class RunControl {
  constructor(
    private readonly runs: RunService,
    private readonly ports: ControlPorts,
  ) {}

  /**
   * Answers one request, all that are open now, or the only one that is. Throws GatewayError `run_not_found`,
   * `approval_not_pending` when the request is not this run's, has expired, or was answered otherwise, and
   * `missing_required_parameter` when several are open and none was named. A request with questions needs answers that
   * fit their schemas, or `deny`; else `invalid_request`. The same answer again is no error.
   */
  async approve(runId: string, owner: string, { decision, all, answers, ...order }: ApprovalOrder): Promise<Resolved> {
    const snapshot = await this.runs.get(runId, owner);
    const open = openRequests(snapshot);
    if (order.requestId === undefined && open.length === 0) throw notPending('This run waits for no approval.');
    if (all) return this.answerAll(runId, withoutQuestions(snapshot, open, decision), { decision });
    const requestId = order.requestId ?? onlyOne(open);
    const content = contentOf(snapshot, requestId, { decision, ...(answers !== undefined && { answers }) });
    const answer = { decision, ...(content && { content }) };
    if (wasAnswered(snapshot, requestId, answer)) return { requestId, resolved: 1, replayed: true };
    if (!open.includes(requestId)) throw notPending('This run has no open request with this id.');
    return { requestId, ...(await this.answerAll(runId, [requestId], answer)) };
  }

  /**
   * Leaves a text that the model reads at its next step. Throws GatewayError `run_not_found`,
   * `run_not_accepting_steer`.
   */
  async steer(runId: string, owner: string, text: string): Promise<void> {
    const found = await this.runs.find(runId, owner);
    const outcome = found.kind === 'stored' ? 'ended' : await withDeadline(this.ports.log.steer(runId, text));
    if (outcome === 'recorded') return;
    const why = outcome === 'refused' ? 'This run has been told too much already.' : 'This run has ended.';
    throw new GatewayError('run_not_accepting_steer', why);
  }

  private async answerAll(runId: string, ids: readonly string[], answer: Answer): Promise<Resolved> {
    const answers = await Promise.all(ids.map((id) => this.answer(runId, id, answer)));
    return { resolved: ids.length, replayed: answers.every((outcome) => outcome === 'repeated') };
  }

  private async answer(runId: string, id: string, { decision, content }: Answer): Promise<'recorded' | 'repeated'> {
    const { log, queue } = this.ports;
    const outcome = await withDeadline(log.answer(runId, id, decision, content));
    if (outcome.kind !== 'recorded' && outcome.kind !== 'repeated') {
      throw notPending(outcome.kind === 'refused' ? 'This request was answered otherwise.' : 'This run has ended.');
    }
    // Should this fail, the answer stands: asking again wakes the run, and the scheduler does.
    if (outcome.wake !== undefined) await queue.wake({ runId, generation: outcome.wake });
    return outcome.kind;
  }
}

function openRequests(snapshot: RunSnapshot): string[] {
  const now = Date.now();
  return pendingCalls(snapshot).flatMap(({ approval }) => (approval.expiresAt > now ? [approval.approvalId] : []));
}

/** An answer that names no request means the one that its sender can have seen. */
function onlyOne([id, ...others]: readonly string[]): string {
  if (id !== undefined && others.length === 0) return id;
  const what = `'request_id' is required: the open requests are ${[id, ...others].join(', ')}.`;
  throw new GatewayError('missing_required_parameter', what, { param: 'request_id' });
}

interface Answer {
  readonly decision: ApprovalOrder['decision'];
  /** To the questions of the request, by their ids. */
  readonly content?: JsonObject;
}

/** What is recorded with the decision: nothing for a request to allow a call, or a question that is declined. */
function contentOf(
  { items }: RunSnapshot,
  requestId: string,
  { decision, answers }: Pick<ApprovalOrder, 'decision' | 'answers'>,
): JsonObject | undefined {
  const item = items.find((found) => found.type === 'tool_call' && found.approval?.approvalId === requestId);
  const ask = item?.type === 'tool_call' ? item.approval?.ask : undefined;
  if (ask && decision !== 'deny') return readAnswers(ask, answers);
  if (answers === undefined) return undefined;
  const why = ask ? "cannot stand beside the choice 'deny'." : 'answers no question: this request has none.';
  throw new GatewayError('invalid_request', `'answers' ${why}`, { param: 'answers' });
}

/** `all` allows or denies calls; it answers no question, but declines it. */
function withoutQuestions(
  snapshot: RunSnapshot,
  open: readonly string[],
  decision: ApprovalOrder['decision'],
): readonly string[] {
  if (decision === 'deny') return open;
  const asking = new Set(pendingCalls(snapshot).flatMap(({ approval }) => (approval.ask ? [approval.approvalId] : [])));
  return open.filter((id) => !asking.has(id));
}

function wasAnswered({ items }: RunSnapshot, requestId: string, { decision, content }: Answer): boolean {
  return items.some(
    (item) =>
      item.type === 'tool_call' &&
      item.approval?.approvalId === requestId &&
      item.approval.decision === decision &&
      JSON.stringify(item.approval.answers) === JSON.stringify(content) &&
      item.approval.by === 'user',
  );
}

const notPending = (message: string): GatewayError => new GatewayError('approval_not_pending', message);
