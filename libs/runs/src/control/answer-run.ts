import {
  GatewayError,
  pendingCalls,
  type ApprovalDecision,
  type JsonObject,
  type JsonValue,
  type RunQueue,
  type RunSignals,
  type RunSnapshot,
} from '#libs/contract';
import { findRun, readRun, type FindPorts } from '../reading/find-run.js';
import { readAnswers } from './check-answers.js';

export interface ControlPorts extends FindPorts {
  readonly log: FindPorts['log'] & RunSignals;
  readonly queue: Pick<RunQueue, 'wake'>;
}

/** An answer to one request, to all open requests (`all`), or to the only open one. */
export interface ApprovalResponse {
  readonly decision: ApprovalDecision;
  readonly requestId?: string;
  readonly all?: true;
  /** Answers to the questions of the request: by question id, or the plain answer to the only question. */
  readonly answers?: JsonValue;
}

/** The answered request if it was a single one, the number of requests, and whether all had the same answer before. */
export interface ResolvedApproval {
  readonly requestId?: string;
  readonly resolved: number;
  readonly replayed: boolean;
}

/**
 * Records an answer in the run's log, then wakes its job. Throws GatewayError `run_not_found`; `approval_not_pending`
 * when the request belongs to another run, has expired, or has a different answer; and `missing_required_parameter`
 * when several requests are open and none was named. A request with questions needs answers that fit their schemas, or
 * `deny`; else `invalid_request`. The same answer again is no error.
 */
export async function approveRun(
  ports: ControlPorts,
  { runId, owner }: { readonly runId: string; readonly owner: string },
  { decision, requestId: named, all, answers }: ApprovalResponse,
): Promise<ResolvedApproval> {
  const snapshot = await readRun(ports, runId, owner);
  const open = openRequests(snapshot);
  if (named === undefined && open.length === 0) throw notPending('This run waits for no approval.');
  if (all) return answerAll(ports, { runId, ids: withoutQuestions(snapshot, open, decision), answer: { decision } });
  const requestId = named ?? onlyOne(open);
  const content = contentOf(snapshot, requestId, { decision, ...(answers !== undefined && { answers }) });
  const answer = { decision, ...(content && { content }) };
  if (wasAnswered(snapshot, requestId, answer)) return { requestId, resolved: 1, replayed: true };
  if (!open.includes(requestId)) throw notPending('This run has no open request with this id.');
  return { requestId, ...(await answerAll(ports, { runId, ids: [requestId], answer })) };
}

/**
 * Leaves a text that the model reads at its next step. Throws GatewayError `run_not_found`, and
 * `run_not_accepting_steer` when the run has ended or already has as many texts as it may.
 */
export async function steerRun(
  ports: ControlPorts,
  { runId, owner }: { readonly runId: string; readonly owner: string },
  text: string,
): Promise<void> {
  const found = await findRun(ports, runId, owner);
  const outcome = found.kind === 'stored' ? 'ended' : await ports.log.steer(runId, text);
  if (outcome === 'recorded') return;
  const why = outcome === 'refused' ? 'This run has been told too much already.' : 'This run has ended.';
  throw new GatewayError('run_not_accepting_steer', why);
}

interface Answer {
  readonly decision: ApprovalDecision;
  /** Answers to the questions of the request, by question id. */
  readonly content?: JsonObject;
}

interface Answers {
  readonly runId: string;
  readonly ids: readonly string[];
  readonly answer: Answer;
}

async function answerAll(ports: ControlPorts, { runId, ids, answer }: Answers): Promise<ResolvedApproval> {
  const answers = await Promise.all(ids.map((id) => answerOne(ports, { runId, id, answer })));
  return { resolved: ids.length, replayed: answers.every((outcome) => outcome === 'repeated') };
}

async function answerOne(
  { log, queue }: ControlPorts,
  { runId, id, answer }: { readonly runId: string; readonly id: string; readonly answer: Answer },
): Promise<'recorded' | 'repeated'> {
  const outcome = await log.answer(runId, id, answer.decision, answer.content);
  if (outcome.kind !== 'recorded' && outcome.kind !== 'repeated') {
    const why = 'This request was answered otherwise, or not in time.';
    throw notPending(outcome.kind === 'refused' ? why : 'This run has ended.');
  }
  // If this fails, the answer stays recorded. The same answer again wakes the run, and so does the scheduler.
  if (outcome.wake !== undefined) await queue.wake({ runId, generation: outcome.wake });
  return outcome.kind;
}

/**
 * The worker alone decides, by its own clock, whether the time of a request is over, and closes it where answers are
 * recorded.
 */
const openRequests = (snapshot: RunSnapshot): string[] =>
  pendingCalls(snapshot).map(({ approval }) => approval.approvalId);

/** An answer that names no request means the only request that its sender can have seen. */
function onlyOne([id, ...others]: readonly string[]): string {
  if (id !== undefined && others.length === 0) return id;
  const what = `'request_id' is required: the open requests are ${[id, ...others].join(', ')}.`;
  throw new GatewayError('missing_required_parameter', what, { param: 'request_id' });
}

/** The answers to record. None for a request to allow a call, or for a declined question. */
function contentOf(
  { items }: RunSnapshot,
  requestId: string,
  { decision, answers }: Pick<ApprovalResponse, 'decision' | 'answers'>,
): JsonObject | undefined {
  const item = items.find((found) => found.type === 'tool_call' && found.approval?.approvalId === requestId);
  const ask = item?.type === 'tool_call' ? item.approval?.ask : undefined;
  if (ask && decision !== 'deny') return readAnswers(ask, answers);
  if (answers === undefined) return undefined;
  const why = ask ? "cannot stand beside the choice 'deny'." : 'answers no question: this request has none.';
  throw new GatewayError('invalid_request', `'answers' ${why}`, { param: 'answers' });
}

/** `all` allows or denies calls. It cannot answer a question, so it declines it. */
function withoutQuestions(
  snapshot: RunSnapshot,
  open: readonly string[],
  decision: ApprovalDecision,
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
