import { isTerminal, type EventOf, type LoggedEvent, type RunEvent, type TerminalEvent } from '#libs/contract';

/**
 * What is wrong with the whole log of an ended run, by the grammar in libs/contract/src/run-event.ts: seq 1, 2, 3 ...,
 * steps and calls in their order, exactly one terminal event, which is the last. Empty when all is well.
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
  arguments: string;
  state: 'writing' | 'ready' | 'running' | 'done';
}

interface OpenStep {
  readonly step: number;
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
        return;
      case 'run.completed':
      case 'run.incomplete':
      case 'run.failed':
      case 'run.cancelled':
        return this.end(event);
      default:
        if (this.attempt === 0) this.say(event, 'comes before run.started');
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
        return this.fromTheModel(event);
      case 'step.completed':
        return this.completeStep(event, open);
      case 'step.interrupted':
        if (!this.inherited) this.say(event, 'interrupts a step of its own attempt');
        this.closeStep();
        return;
      case 'tool_call.started':
        this.fromTheModel(event);
        if (open.calls.has(event.callId)) this.say(event, `starts the call ${event.callId} twice`);
        open.calls.set(event.callId, {
          name: event.name,
          executedBy: event.executedBy,
          arguments: '',
          state: 'writing',
        });
        return;
      default:
        this.takeOfCall(event as CallEvent, open);
    }
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
        this.fromTheModel(event);
        call.arguments += event.delta;
        return expect('writing', 'writing');
      case 'tool_call.ready':
        this.fromTheModel(event);
        if (event.arguments !== call.arguments) this.say(event, 'has other arguments than its deltas');
        if (event.executedBy !== call.executedBy) this.say(event, 'has another executor than its start');
        return expect('writing', 'ready');
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

  private end(event: TerminalEvent): void {
    this.ended = true;
    if (event.type === 'run.failed' || event.type === 'run.cancelled') return;
    if (this.open) this.say(event, `comes while step ${this.open.step} is open`);
    const { reason = 'nothing', hasClientCall = false } = this.lastClosed ?? {};
    const fits =
      event.type === 'run.completed'
        ? event.finishReason === reason && (reason === 'stop' || hasClientCall)
        : ({ max_output_tokens: 'length', content_filter: 'content_filter', max_steps: 'tool_calls' } as const)[
            event.reason
          ] === reason;
    if (!fits) this.say(event, `does not fit a last step that ended with ${reason}`);
  }
}

type CallEvent = EventOf<
  'tool_call.arguments.delta' | 'tool_call.ready' | 'tool.started' | 'tool.progress' | 'tool.completed'
>;
