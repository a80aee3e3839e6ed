import type {
  ApprovalRequest,
  MessageItem,
  RunErrorObject,
  RunFrame,
  RunFrameOf,
  RunItem,
  RunObject,
  RunState,
  ToolCallObject,
  TurnObject,
  UsageObject,
} from '#libs/wire';

/** A call as the page shows it: with the request that waits, and what the tool says while it works. */
export type ToolView = ToolCallObject & { readonly pending?: ApprovalRequest; readonly progress?: string };
export type ItemView = MessageItem | ToolView;

export interface SteerView {
  readonly afterStep: number;
  readonly text: string;
}

/** A run as far as it is known here. Times are seconds since the epoch. */
export interface RunView {
  readonly runId: string;
  readonly status: RunState;
  /** The one that answers, as its upstream names it. */
  readonly model: string;
  /** As it was asked for. */
  readonly route: string;
  readonly items: readonly ItemView[];
  readonly steers: readonly SteerView[];
  readonly usage?: UsageObject;
  /** In the currency of the price list; null: there is no price. Absent: not known yet. */
  readonly cost?: number | null;
  /** Tokens that the last finished step read and wrote: how full the model's window is. */
  readonly contextTokens?: number;
  readonly error?: RunErrorObject;
  readonly reason?: string;
  readonly pendingSteer?: string;
  readonly attempt: number;
  readonly step: number;
  /** Numbers of the steps that were completed, in order. */
  readonly completedSteps: readonly number[];
  readonly lastSeq: number;
  readonly createdAt?: number;
  readonly endedAt?: number;
  /** The end came from the store: what was said before it has to be fetched. */
  readonly isPartial?: true;
}

export const emptyView = (runId: string): RunView => ({
  runId,
  status: 'queued',
  model: '',
  route: '',
  items: [],
  steers: [],
  attempt: 0,
  step: 0,
  completedSteps: [],
  lastSeq: 0,
});

export const isOver = ({ status }: Pick<RunView, 'status'>): boolean =>
  status === 'completed' || status === 'incomplete' || status === 'failed' || status === 'cancelled';

/** The requests of a run that wait for an answer, oldest first. */
export const pendingOf = (view: RunView): readonly ApprovalRequest[] =>
  isOver(view) ? [] : view.items.flatMap((item) => ('pending' in item && item.pending ? [item.pending] : []));

/** The view that a run object gives: the events behind its `last_event.seq` continue it. */
export function viewOf(run: RunObject | TurnObject): RunView {
  const requests = new Map(run.approvals.map((request) => [request.call_id, request]));
  const asView = (item: RunItem): ItemView => {
    const pending = item.type === 'tool_call' ? requests.get(item.call_id) : undefined;
    return item.type === 'tool_call' && pending ? { ...item, pending } : item;
  };
  return {
    runId: run.run_id,
    status: run.status,
    model: run.model,
    route: run.model,
    items: run.items.map(asView),
    steers: 'steers' in run ? run.steers.map(({ after_step, text }) => ({ afterStep: after_step, text })) : [],
    usage: run.usage,
    attempt: run.attempt,
    step: run.items.at(-1)?.step ?? 0,
    // Items of the run object are completed with their step.
    completedSteps: [...new Set(run.items.flatMap(({ step, status }) => (status === 'completed' ? [step] : [])))],
    lastSeq: run.last_event.seq,
    createdAt: run.created_at,
    ...(run.cost !== undefined && { cost: run.cost }),
    ...(run.context_tokens !== undefined && { contextTokens: run.context_tokens }),
    ...(run.error && { error: run.error }),
    ...(run.reason !== null && { reason: run.reason }),
    ...(run.pending_steer !== null && { pendingSteer: run.pending_steer }),
    ...(run.ended_at !== null && { endedAt: run.ended_at }),
  };
}

/**
 * The only reducer of the page: a view and the next event of its run. An event that was seen before changes nothing.
 */
export function foldFrame(before: RunView, frame: RunFrame): RunView {
  if (frame.event === 'reasoning.available' || frame.event === 'run.limit_reached' || frame.seq <= before.lastSeq)
    return before;
  const view: RunView = { ...before, lastSeq: frame.seq };
  switch (frame.event) {
    case 'run.queued':
      return { ...view, model: frame.model, route: frame.model, createdAt: frame.timestamp };
    case 'run.started':
      return {
        ...view,
        status: pendingOf(view).length > 0 ? 'waiting_for_approval' : 'running',
        attempt: frame.attempt,
      };
    case 'step.started':
      return { ...view, step: frame.step, model: frame.model };
    case 'message.delta':
      return frame.image === undefined ? withText(view, 'message', frame.step, frame.delta) : withImage(view, frame);
    case 'reasoning.delta':
      return withText(view, 'reasoning', frame.step, frame.text);
    case 'refusal.delta':
      return withText(view, 'refusal', frame.step, frame.delta);
    case 'run.parked':
      return { ...view, status: 'waiting_for_approval' };
    case 'run.steered':
      return { ...view, steers: [...view.steers, { afterStep: view.step, text: frame.text }] };
    case 'step.completed': {
      const { step, usage } = frame;
      const completedSteps = [...view.completedSteps, step];
      return { ...closeStep(view, step, 'completed'), completedSteps, contextTokens: usage.total_tokens };
    }
    case 'step.interrupted':
      return closeStep(view, frame.step, 'interrupted');
    case 'tool_call':
    case 'approval.request':
    case 'approval.responded':
    case 'tool.started':
    case 'tool.progress':
    case 'tool.completed':
      return withWaiting({ ...view, items: foldCall(view, frame) });
    case 'run.completed':
    case 'run.incomplete':
    case 'run.failed':
    case 'run.cancelled':
      return ended(view, frame);
  }
}

type EndFrame =
  RunFrameOf<'run.completed'> | RunFrameOf<'run.incomplete'> | RunFrameOf<'run.failed'> | RunFrameOf<'run.cancelled'>;

function ended(view: RunView, frame: EndFrame): RunView {
  const status = frame.event.slice('run.'.length) as RunState;
  const close = (item: ItemView): ItemView =>
    item.status === 'in_progress' ? { ...withoutPending(item), status: 'incomplete' } : item;
  return {
    ...view,
    status,
    items: view.items.map(close),
    usage: frame.usage,
    endedAt: frame.timestamp,
    ...('error' in frame && { error: frame.error }),
    ...('reason' in frame && { reason: frame.reason }),
    ...(frame.pending_steer !== undefined && { pendingSteer: frame.pending_steer }),
    ...(frame.replayed_from && { isPartial: true as const }),
  };
}

function withText(view: RunView, type: MessageItem['type'], step: number, delta: string): RunView {
  const last = view.items.at(-1);
  const isSame = last?.type === type && last.step === step && last.status === 'in_progress' && last.image === undefined;
  const item: MessageItem = isSame
    ? { ...last, text: last.text + delta }
    : { type, step, status: 'in_progress', text: delta };
  return { ...view, items: isSame ? view.items.with(-1, item) : [...view.items, item] };
}

function withImage(view: RunView, { step, delta: text, image = '' }: RunFrameOf<'message.delta'>): RunView {
  return { ...view, items: [...view.items, { type: 'message', step, status: 'in_progress', text, image }] };
}

function closeStep(view: RunView, step: number, status: 'completed' | 'interrupted'): RunView {
  return { ...view, items: view.items.map((item) => (item.step === step ? { ...item, status } : item)) };
}

type CallFrame =
  | RunFrameOf<'tool_call'>
  | RunFrameOf<'approval.request'>
  | RunFrameOf<'approval.responded'>
  | RunFrameOf<'tool.started'>
  | RunFrameOf<'tool.progress'>
  | RunFrameOf<'tool.completed'>;

function foldCall({ items, step }: RunView, frame: CallFrame): readonly ItemView[] {
  const at = items.findLastIndex((item) => item.type === 'tool_call' && item.call_id === frame.call_id);
  const found = items[at];
  const call = found?.type === 'tool_call' ? found : newCall(frame, step);
  const next = changed(call, frame);
  return at < 0 ? [...items, next] : items.with(at, next);
}

function changed(call: ToolView, frame: CallFrame): ToolView {
  switch (frame.event) {
    case 'tool_call':
      return { ...call, name: frame.name, arguments: frame.arguments, executed_by: 'client' };
    case 'approval.request': {
      const { event: _, run_id: __, seq: ___, timestamp, step: ____, ...request } = frame;
      return { ...call, arguments: frame.arguments, pending: { ...request, requested_at: timestamp } };
    }
    case 'approval.responded':
      return { ...withoutPending(call), approval: { choice: frame.choice, by: frame.by } };
    case 'tool.started':
      return { ...call, arguments: call.arguments || JSON.stringify(frame.args ?? {}) };
    case 'tool.progress':
      return { ...call, progress: frame.text };
    case 'tool.completed':
      return { ...call, status: 'completed', output: frame.output, is_error: frame.error, duration: frame.duration };
  }
}

function newCall(frame: CallFrame, step: number): ToolView {
  const name = 'tool' in frame ? frame.tool : 'name' in frame ? frame.name : null;
  return {
    type: 'tool_call',
    step,
    status: 'in_progress',
    call_id: frame.call_id,
    name: name ?? '',
    arguments: '',
    executed_by: 'server',
    output: null,
    is_error: null,
    duration: null,
  };
}

function withoutPending<T extends ItemView>(item: T): T {
  if (!('pending' in item)) return item;
  const { pending: _, ...rest } = item;
  return rest as T;
}

/** A started run waits exactly while a call of it does. */
function withWaiting(view: RunView): RunView {
  if (isOver(view)) return view;
  return { ...view, status: pendingOf(view).length > 0 ? 'waiting_for_approval' : 'running' };
}
