import { isTerminal, type EventOf, type LoggedEvent, type RunEvent, type TerminalEvent } from '#libs/contract';

/**
 * The faults in the whole log of an ended run, by the grammar in libs/contract/src/runs/run-event.ts: seq 1, 2, 3
 * ..., steps and calls in their order, exactly one terminal event, which is the last. Empty when all is well.
 */
export function checkLog(events: readonly LoggedEvent[]): string[] {
  const problems = checkPrefix(events);
  const last = events.at(-1);
  if (!last || !isTerminal(last)) problems.push(`the log ends with ${last?.type ?? 'nothing'} and no terminal event`);
  return problems;
}

/** The same for the log of a run that may still go on: everything but the missing end. */
export function checkPrefix(events: readonly LoggedEvent[]): string[] {
  const checker = new LogChecker();
  events.forEach((event, i) => {
    if (event.seq !== i + 1) checker.say(event, `has seq ${event.seq} at place ${i + 1}`);
    checker.take(event);
  });
  return checker.problems;
}

interface CallState {
  readonly name: string;
  readonly executedBy: string;
  readonly ofUpstream: boolean;
  arguments: string;
  state: 'writing' | 'ready' | 'asking' | 'running' | 'done';
  /** The answer to its approval, if there was one. */
  decision?: string | undefined;
  approvalId?: string;
  /** The open question of the call to the user. */
  question?: string | undefined;
}

interface OpenStep {
  readonly step: number;
  /** The kind of the text that was said last, if nothing else was said since. */
  saying?: RunEvent['type'];
  readonly calls: Map<string, CallState>;
}

class LogChecker {
  readonly problems: string[] = [];
  private queued = false;
  private attempt = 0;
  private ended = false;
  private lastStep = 0;
  private open: OpenStep | undefined;
  /** The open step began in an earlier attempt: the model cannot go on speaking in it. */
  private inherited = false;
  private parked = false;
  private lastClosed: { reason: string; hasClientCall: boolean } | undefined;

  say(event: RunEvent & { seq?: number }, what: string): void {
    this.problems.push(`#${event.seq ?? '?'} ${event.type} ${what}`);
  }

  take(event: LoggedEvent): void {
    if (this.ended) this.say(event, 'comes after the terminal event');
    if (!this.queued && event.type !== 'run.queued') this.say(event, 'comes before run.queued');
    switch (event.type) {
      case 'run.queued':
        if (this.queued) this.say(event, 'comes twice');
        this.queued = true;
        return;
      case 'run.started':
        if (event.attempt <= this.attempt) this.say(event, `has attempt ${event.attempt} after ${this.attempt}`);
        this.attempt = event.attempt;
        this.inherited = this.open !== undefined;
        this.parked = false;
        return;
      case 'run.completed':
      case 'run.incomplete':
      case 'run.failed':
      case 'run.cancelled':
        return this.end(event);
      case 'run.steered':
        if (this.attempt === 0) this.say(event, 'comes before run.started');
        if (this.open) this.say(event, `comes while step ${this.open.step} is open`);
        return;
      default:
        if (this.attempt === 0) this.say(event, 'comes before run.started');
        if (this.parked) this.say(event, 'comes while the run is parked');
        this.takeOfStep(event);
    }
  }

  private takeOfStep(event: LoggedEvent & { step: number }): void {
    if (event.type === 'step.started') return this.startStep(event);
    const open = this.open;
    if (!open) return this.say(event, 'comes outside of a step');
    if (event.step !== open.step) this.say(event, `says step ${event.step} inside of step ${open.step}`);
    switch (event.type) {
      case 'text.delta':
      case 'reasoning.delta':
      case 'refusal.delta':
        return this.takeText(event, open);
      case 'run.parked':
        if (![...open.calls.values()].some((call) => call.state === 'asking')) this.say(event, 'waits for nothing');
        this.parked = true;
        return;
      case 'step.completed':
        return this.completeStep(event, open);
      case 'step.interrupted':
        if (!this.inherited) this.say(event, 'interrupts a step of its own attempt');
        this.closeStep();
        return;
      case 'tool_call.started':
        // A model that has repeated its text may also call now.
        if (open.saying && open.saying !== 'reasoning.delta' && open.calls.size === 0) this.inherited = false;
        if (!isOfUpstream(event, open)) this.spoken(event, open);
        if (open.calls.has(event.callId)) this.say(event, `starts the call ${event.callId} twice`);
        open.calls.set(event.callId, {
          name: event.name,
          executedBy: event.executedBy,
          ofUpstream: event.ofUpstream === true,
          arguments: '',
          state: 'writing',
        });
        return;
      default:
        this.takeOfCall(event as CallEvent, open);
    }
  }

  /** An inherited step may go on with the text that it broke off in: the model has repeated it. */
  private takeText(event: RunEvent, open: OpenStep): void {
    if (open.saying === event.type && event.type !== 'reasoning.delta' && open.calls.size === 0) this.inherited = false;
    this.spoken(event, open);
    open.saying = event.type;
  }

  private takeOfCall(event: CallEvent & { seq?: number }, open: OpenStep): void {
    const call = open.calls.get(event.callId);
    if (!call) return this.say(event, `names the unknown call ${event.callId}`);
    if ('name' in event && event.name !== call.name) this.say(event, `calls ${call.name} ${event.name}`);
    const expect = (state: CallState['state'], next: CallState['state']): void => {
      if (call.state !== state) this.say(event, `comes while the call ${event.callId} is ${call.state}`);
      call.state = next;
    };
    switch (event.type) {
      case 'tool_call.arguments.delta':
        if (!isOfUpstream(call, open)) this.spoken(event, open);
        call.arguments += event.delta;
        return expect('writing', 'writing');
      case 'tool_call.ready':
        this.fromTheModel(event);
        if (event.arguments !== call.arguments) this.say(event, 'has other arguments than its deltas');
        if (event.executedBy !== call.executedBy) this.say(event, 'has another executor than its start');
        return expect('writing', 'ready');
      case 'approval.requested':
        if (call.executedBy !== 'server') this.say(event, 'is of a client call');
        if (event.ask) {
          // A call may ask the user again and again, while it is being made.
          call.decision = undefined;
          call.question = event.approvalId;
          return expect('running', 'asking');
        }
        if (call.decision !== undefined) this.say(event, 'asks again');
        call.approvalId = event.approvalId;
        return expect('ready', 'asking');
      case 'approval.resolved':
        if (call.decision !== undefined) this.say(event, 'answers again');
        call.decision = event.decision;
        if (call.question !== undefined) {
          if (event.approvalId !== call.question) this.say(event, 'answers another question');
          call.question = undefined;
          return expect('asking', 'running');
        }
        if (event.by === 'policy' && call.approvalId === undefined) return expect('ready', 'ready');
        if (event.approvalId !== call.approvalId) this.say(event, 'answers another request');
        return expect('asking', 'ready');
      case 'tool.started':
        if (call.executedBy !== 'server') this.say(event, 'is of a client call');
        return expect('ready', 'running');
      case 'tool.progress':
        return expect('running', 'running');
      case 'tool.completed':
        if (event.durationMs < 0) this.say(event, 'took less than no time');
        return expect('running', 'done');
    }
  }

  private startStep(event: EventOf<'step.started'>): void {
    if (this.open) this.say(event, `comes while step ${this.open.step} is open`);
    if (event.step !== this.lastStep + 1) this.say(event, `has number ${event.step} after ${this.lastStep}`);
    this.lastStep = event.step;
    this.open = { step: event.step, calls: new Map() };
    this.inherited = false;
  }

  private completeStep(event: EventOf<'step.completed'>, { calls }: OpenStep): void {
    const { finishReason } = event;
    const isCut = finishReason === 'length' || finishReason === 'content_filter';
    if (!isCut && (finishReason === 'tool_calls') !== calls.size > 0) {
      this.say(event, `says ${finishReason} after ${calls.size} calls`);
    }
    for (const [callId, { executedBy, state }] of calls) {
      const expected = isCut ? 'writing' : executedBy === 'server' ? 'done' : 'ready';
      if (state !== expected) this.say(event, `comes while the call ${callId} is ${state}`);
    }
    const hasClientCall = [...calls.values()].some((call) => call.executedBy === 'client');
    this.lastClosed = { reason: finishReason, hasClientCall };
    this.closeStep();
  }

  private closeStep(): void {
    this.open = undefined;
    this.inherited = false;
  }

  private fromTheModel(event: RunEvent): void {
    if (this.inherited) this.say(event, 'continues the answer of a lost attempt');
  }

  private spoken(event: RunEvent, { calls }: OpenStep): void {
    this.fromTheModel(event);
    const isReady = [...calls.values()].some((call) => call.state !== 'writing');
    if (isReady) this.say(event, 'comes after a call was ready');
  }

  private end(event: TerminalEvent): void {
    this.ended = true;
    if (event.type === 'run.failed' || event.type === 'run.cancelled') return;
    if (this.open) this.say(event, `comes while step ${this.open.step} is open`);
    const { reason = 'nothing', hasClientCall = false } = this.lastClosed ?? {};
    // The caller wanted its input kept and no answer.
    if (event.type === 'run.completed' && event.finishReason === 'stop' && !this.lastClosed) return;
    const fits =
      event.type === 'run.completed'
        ? event.finishReason === reason && (reason === 'stop' || hasClientCall)
        : event.reason === 'max_cost'
          ? reason === 'length' || reason === 'tool_calls' || reason === 'nothing'
          : ({ max_output_tokens: 'length', content_filter: 'content_filter', max_steps: 'tool_calls' } as const)[
              event.reason
            ] === reason;
    if (!fits) this.say(event, `does not fit a last step that ended with ${reason}`);
  }
}

/** An upstream's own tools begin while others of them run, or wait there; ours all are ready before one begins. */
const isOfUpstream = ({ executedBy }: { readonly executedBy: string }, { calls }: OpenStep): boolean =>
  executedBy === 'server' &&
  [...calls.values()].every(
    ({ state, ofUpstream }) =>
      state === 'writing' || state === 'running' || state === 'done' || (ofUpstream && state === 'asking'),
  );

type CallEvent = EventOf<
  | 'tool_call.arguments.delta'
  | 'tool_call.ready'
  | 'approval.requested'
  | 'approval.resolved'
  | 'tool.started'
  | 'tool.progress'
  | 'tool.completed'
>;
