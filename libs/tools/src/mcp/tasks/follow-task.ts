import { setTimeout as sleep } from 'node:timers/promises';
import { isForGood, type JsonObject, type ToolContext, type ToolResult } from '#libs/contract';
import { MCP_LIMITS } from '../mcp-settings.js';
import { askResult, questionsOf, retryOf } from '../tools/input-required.js';
import { answeredBefore, handleToKeep, questionState, type TaskHandle } from './task-handle.js';
import { taskFailure, taskResult, unknownOutcome } from './task-outcome.js';
import { readTask, type Task } from './read-task.js';

export type TaskRequest =
  | { readonly method: 'tasks/get' | 'tasks/cancel'; readonly params: { readonly taskId: string } }
  | {
      readonly method: 'tasks/update';
      readonly params: { readonly taskId: string; readonly inputResponses: JsonObject };
    };

export interface TaskReply {
  /** Absent: there is no answer, or none that can be used. */
  readonly answer?: JsonObject;
  /** The server knows no such task, or refuses the request. Absent: the request may be made again. */
  readonly refusal?: string;
}

export interface TaskOrder {
  readonly server: string;
  readonly context: ToolContext;
  /** Whether images of the result go to the model. */
  readonly images: boolean;
  /** How long the result is waited for, from the handle or from the last answer of the user on. */
  readonly taskMs: number;
  /** Makes one request, over whatever connection there is. Undefined while the server is away. */
  readonly ask: (request: TaskRequest, signal: AbortSignal) => Promise<TaskReply | undefined>;
}

/** Keeps the handle of a task in the run's log, and then waits for the result. */
export async function beginTask(order: TaskOrder, task: Task): Promise<ToolResult> {
  const handle = { taskId: task.taskId, until: Date.now() + order.taskMs };
  try {
    await order.context.keep(handleToKeep(handle), task.message || 'The server works on it.');
  } catch (cause) {
    cancelWhenOver(order, task.taskId);
    throw cause;
  }
  return new FollowedTask(order, handle).result(task);
}

/** Goes on with a task that is in the run's log, from any worker: with the user's answers, if there are some. */
export async function resumeTask(order: TaskOrder, handle: TaskHandle): Promise<ToolResult> {
  const { resume } = order.context;
  const earlier = resume && answeredBefore(resume, handle.taskId);
  if (!resume || !earlier) return new FollowedTask(order, handle).result(undefined);
  // A worker that is lost behind this line passes the answers on again: servers ignore those that they have.
  const until = Date.now() + order.taskMs;
  const { inputResponses = {} } = retryOf(resume);
  const answered = [...earlier, ...Object.keys(inputResponses)];
  const followed = new FollowedTask(order, { ...handle, until }, answered);
  return followed.answer(inputResponses);
}

class FollowedTask {
  private shown = '';
  /** Milliseconds since the epoch: the first of the failures that lasts until now. */
  private failingSince: number | undefined;
  private waitMs: number = MCP_LIMITS.pollMsMin;

  constructor(
    private readonly order: TaskOrder,
    private readonly handle: TaskHandle,
    private readonly answered: readonly string[] = [],
  ) {}

  /** Passes on answers, and then waits for the result. */
  async answer(inputResponses: Record<string, object>): Promise<ToolResult> {
    const { taskId } = this.handle;
    const params = { taskId, inputResponses: inputResponses as never };
    const reply = await this.repeated({ method: 'tasks/update', params });
    if (!reply.answer && reply.refusal === undefined) return this.isUnknown('');
    const state = await this.get();
    const refused = reply.refusal !== undefined && 'status' in state && state.status === 'input_required';
    if (!refused) return this.result(state);
    this.cancel();
    return taskFailure(this.order.server, `did not take the answers: ${reply.refusal}`);
  }

  /** Polls until there is something for the model or a question for the user. Rejects with the signal's reason. */
  async result(first: Task | ToolResult | undefined): Promise<ToolResult> {
    let state = first ?? (await this.get());
    for (;;) {
      if ('output' in state) return state;
      const settled = this.settled(state);
      if (settled) return settled;
      if (Date.now() >= this.handle.until) return this.timedOut();
      await this.pause(state.pollMs);
      state = await this.get();
    }
  }

  /** What comes of this state. Undefined while the task goes on. */
  private settled(task: Task): ToolResult | undefined {
    const { server, images, context } = this.order;
    switch (task.status) {
      case 'completed':
        // The handle of a task that is completed already has no result yet.
        return task.result ? taskResult(server, task.result, images) : undefined;
      case 'failed':
      case 'cancelled':
        return taskFailure(server, task);
      case 'input_required':
        return this.asks(task);
      case 'working':
        if (task.message !== '' && task.message !== this.shown) context.progress(task.message);
        this.shown = task.message;
        return undefined;
    }
  }

  /** Asks the user what the task wants to know and was not told yet: a server may see answers late. */
  private asks({ taskId, inputRequests }: Task): ToolResult | undefined {
    const open = Object.entries(inputRequests).filter(([id]) => !this.answered.includes(id));
    if (open.length === 0) return undefined;
    const questions = questionsOf(Object.fromEntries(open));
    if (questions) {
      const ids = questions.map(({ id }) => id);
      return askResult(questions, questionState(taskId, ids, this.answered));
    }
    this.cancel();
    return taskFailure(this.order.server, 'asks for what cannot be given here.');
  }

  /** The task now, or what the model is told when there is no answer to be had. */
  private async get(): Promise<Task | ToolResult> {
    const { taskId } = this.handle;
    const reply = await this.repeated({ method: 'tasks/get', params: { taskId } });
    if (!reply.answer) return this.isUnknown(reply.refusal ?? '');
    const task = readTask(reply.answer);
    if (!task || task.taskId !== taskId) return this.isUnknown('It gave an answer that cannot be used.');
    if (task.status === 'completed' && !task.result) return this.isUnknown('It gave no result.');
    return task;
  }

  /** Makes a request again, with growing waits, while the server is away or has no answer. */
  private async repeated(request: TaskRequest): Promise<TaskReply> {
    const { signal } = this.order.context;
    for (;;) {
      const reply = await this.order.ask(request, signal).catch((cause: unknown) => this.left(cause));
      if (reply && (reply.answer || reply.refusal !== undefined)) {
        this.failingSince = undefined;
        this.waitMs = MCP_LIMITS.pollMsMin;
        return reply;
      }
      const now = Date.now();
      this.failingSince ??= now;
      if (now - this.failingSince >= MCP_LIMITS.taskAwayMsMax || now >= this.handle.until) return {};
      await this.pause(this.waitMs);
      this.waitMs = Math.min(this.waitMs * 2, MCP_LIMITS.pollMsDefault);
    }
  }

  private async pause(ms: number): Promise<void> {
    const left = Math.max(0, this.handle.until - Date.now());
    await sleep(Math.min(ms, left), undefined, { signal: this.order.context.signal }).catch(() => this.left());
  }

  private left(cause?: unknown): never {
    const { signal } = this.order.context;
    cancelWhenOver(this.order, this.handle.taskId);
    signal.throwIfAborted();
    throw cause;
  }

  private isUnknown(why: string): ToolResult {
    return unknownOutcome(this.order.server, why);
  }

  private timedOut(): ToolResult {
    this.cancel();
    const seconds = Math.round(this.order.taskMs / 1_000);
    return taskFailure(this.order.server, `did not finish the task within ${seconds} s, and was told to end it.`);
  }

  private cancel(): void {
    cancelTask(this.order, this.handle.taskId);
  }
}

/** A run that goes on on another worker needs its task. */
function cancelWhenOver(order: TaskOrder, taskId: string): void {
  if (isForGood(order.context.signal.reason)) cancelTask(order, taskId);
}

/** Nobody waits for the reply, and the server need not obey: the task is of no use any more. */
function cancelTask({ ask }: TaskOrder, taskId: string): void {
  const signal = AbortSignal.timeout(MCP_LIMITS.cancelTaskMsMax);
  ask({ method: 'tasks/cancel', params: { taskId } }, signal).catch(() => undefined);
}
