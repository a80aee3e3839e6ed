import { isTerminal, type RunEvent, type RunSpec, type TerminalEvent, type Usage } from '#libs/contract';
import { newSpanId, type TraceContext } from './context.js';
import { ATTRIBUTES as A, OPERATIONS } from './names.js';
import type { Attributes, Span } from './span.js';

/** Characters of one content attribute; more is cut off. */
const CONTENT_CHARS_MAX = 16_384;

interface OpenCall {
  readonly context: TraceContext;
  readonly startMs: number;
  readonly attributes: Attributes;
  readonly name: string;
  readonly step: number;
  /** When the model had said all; its usage comes later. */
  endMs?: number;
  text: string;
}

interface OpenTool {
  readonly context: TraceContext;
  readonly startMs: number;
  readonly name: string;
}

export interface AttemptSettings {
  readonly spec: RunSpec;
  readonly attempt: number;
  /** The span that the attempt stands below; its trace is the run's. */
  readonly parent: TraceContext;
  readonly withContent: boolean;
  now(): number;
  emit(span: Span): void;
}

/**
 * The spans of one attempt at a run, as a fold over the events that the attempt emits: the agent, each call of a model,
 * each tool. `current` is what requests to models and tools send on. A call of a model begins before its first event:
 * where the attempt, or the step before it, leaves off.
 */
export class AttemptTrace {
  private readonly agent: TraceContext;
  private readonly startMs: number;
  private upcoming: TraceContext;
  private upcomingSince: number;
  private call: OpenCall | undefined;
  private readonly tools = new Map<string, OpenTool>();
  private readonly arguments = new Map<string, string>();

  constructor(private readonly settings: AttemptSettings) {
    const { spec, attempt, parent, now, emit } = settings;
    this.startMs = now();
    this.agent = this.below(parent);
    this.upcoming = this.below(this.agent);
    this.upcomingSince = this.startMs;
    if (attempt > 1) return;
    emit({
      name: 'receive runs',
      kind: 'consumer',
      context: this.below(parent),
      parentSpanId: parent.spanId,
      startMs: spec.createdAt,
      endMs: this.startMs,
      attributes: {
        [A.messagingSystem]: 'bullmq',
        [A.destination]: 'runs',
        [A.messagingOperation]: 'receive',
        [A.messagingType]: 'receive',
        [A.messageId]: spec.runId,
      },
    });
  }

  /** What is under way: the call of the model, also before its first event. */
  get current(): TraceContext {
    return this.call?.endMs === undefined ? (this.call?.context ?? this.upcoming) : this.agent;
  }

  heard(event: RunEvent): void {
    const now = this.settings.now();
    switch (event.type) {
      case 'step.started':
        return this.begin(event.step, event, now);
      case 'text.delta':
        if (this.settings.withContent && this.call && this.call.text.length < CONTENT_CHARS_MAX) {
          this.call.text += event.text;
        }
        return;
      case 'tool_call.ready':
        if (this.settings.withContent) this.arguments.set(event.callId, event.arguments);
        return;
      case 'tool.started':
        this.said(now);
        this.tools.set(event.callId, { context: this.below(this.agent), startMs: now, name: event.name });
        return;
      case 'tool.completed':
        return this.endTool(event.callId, event, now);
      case 'approval.requested':
        return this.said(now);
      case 'run.parked':
        this.said(now);
        return this.endCall(now, { usage: event.usage });
      case 'step.completed':
        this.said(now);
        return this.endCall(now, { usage: event.usage, finishReason: event.finishReason });
      case 'step.interrupted':
        return this.endCall(now, { error: event.reason });
      default:
        return;
    }
  }

  /** The attempt is over. @param end its terminal event, or why it ends without one. */
  end(end: TerminalEvent | 'hand_back' | 'parked' | 'refused'): void {
    const { spec, attempt, parent, now, emit } = this.settings;
    const at = now();
    const outcome = typeof end === 'string' ? end : end.type.slice('run.'.length);
    const error = typeof end === 'object' && end.type === 'run.failed' ? end.error.code : undefined;
    if (this.call) this.endCall(at, { error: error ?? outcome });
    // A call of the model that failed before its first event.
    else if (error !== undefined && isTerminal(end as TerminalEvent)) this.endUnheard(at, error);
    for (const [callId, { name }] of [...this.tools]) this.endTool(callId, { name, isError: true, output: '' }, at);
    emit({
      name: `${OPERATIONS.agent} ${spec.model}`,
      kind: 'internal',
      context: this.agent,
      parentSpanId: parent.spanId,
      startMs: this.startMs,
      endMs: at,
      attributes: {
        [A.operation]: OPERATIONS.agent,
        [A.requestModel]: spec.model,
        [A.conversation]: spec.sessionId,
        [A.run]: spec.runId,
        [A.attempt]: attempt,
        [A.outcome]: outcome,
        [A.job]: spec.jobId,
        [A.errorType]: error,
        ...(this.settings.withContent && { [A.inputMessages]: content(JSON.stringify(spec.messages)) }),
      },
      ...(error !== undefined && { error }),
    });
  }

  private begin(step: number, { model, upstream, attempts = 1 }: StepStart, now: number): void {
    if (this.call) this.endCall(now, {});
    this.call = {
      context: this.upcoming,
      startMs: this.upcomingSince,
      name: `${OPERATIONS.chat} ${model}`,
      step,
      text: '',
      attributes: {
        [A.operation]: OPERATIONS.chat,
        [A.requestModel]: model,
        [A.provider]: upstream,
        [A.upstreamRequests]: attempts,
      },
    };
    this.upcoming = this.below(this.agent);
  }

  private said(now: number): void {
    if (this.call) this.call.endMs ??= now;
  }

  private endCall(now: number, { usage, finishReason, error }: CallEnd): void {
    const { call } = this;
    this.call = undefined;
    this.upcomingSince = now;
    if (!call) return;
    const said = this.settings.withContent && call.text !== '';
    this.settings.emit({
      name: call.name,
      kind: 'client',
      context: call.context,
      parentSpanId: this.agent.spanId,
      startMs: call.startMs,
      endMs: call.endMs ?? now,
      attributes: {
        ...call.attributes,
        [A.inputTokens]: usage?.inputTokens,
        [A.outputTokens]: usage?.outputTokens,
        [A.cachedInputTokens]: usage?.cachedInputTokens,
        [A.finishReasons]: finishReason === undefined ? undefined : [finishReason],
        [A.errorType]: error,
        ...(said && { [A.outputMessages]: content(call.text) }),
      },
      ...(error !== undefined && { error }),
    });
  }

  private endUnheard(now: number, error: string): void {
    const { spec, emit } = this.settings;
    emit({
      name: `${OPERATIONS.chat} ${spec.model}`,
      kind: 'client',
      context: this.upcoming,
      parentSpanId: this.agent.spanId,
      startMs: this.upcomingSince,
      endMs: now,
      attributes: { [A.operation]: OPERATIONS.chat, [A.requestModel]: spec.model, [A.errorType]: error },
      error,
    });
  }

  private endTool(callId: string, { name, isError, output }: ToolEnd, now: number): void {
    const tool = this.tools.get(callId);
    this.tools.delete(callId);
    if (!tool) return;
    const { withContent, emit } = this.settings;
    emit({
      name: `${OPERATIONS.tool} ${name}`,
      kind: 'internal',
      context: tool.context,
      parentSpanId: this.agent.spanId,
      startMs: tool.startMs,
      endMs: now,
      attributes: {
        [A.operation]: OPERATIONS.tool,
        [A.toolName]: name,
        [A.toolCall]: callId,
        ...(withContent && {
          [A.toolArguments]: content(this.arguments.get(callId) ?? ''),
          [A.toolResult]: content(output),
        }),
        ...(isError && { [A.errorType]: 'tool_error' }),
      },
      ...(isError && { error: 'tool_error' }),
    });
  }

  private below({ traceId, isSampled }: TraceContext): TraceContext {
    return { traceId, isSampled, spanId: newSpanId() };
  }
}

interface StepStart {
  readonly model: string;
  readonly upstream: string;
  readonly attempts?: number;
}

interface CallEnd {
  readonly usage?: Usage;
  readonly finishReason?: string;
  readonly error?: string;
}

interface ToolEnd {
  readonly name: string;
  readonly isError: boolean;
  readonly output: string;
}

const content = (text: string): string => text.slice(0, CONTENT_CHARS_MAX);
