import {
  EMPTY_SNAPSHOT,
  foldAll,
  GatewayError,
  type LoggedEvent,
  type Message,
  type ModelEvent,
  type ModelProvider,
  type ModelRequest,
  NO_USAGE,
  type RunEvent,
  type RunSpec,
  type TerminalEvent,
  type Tool,
} from '#libs/contract';
import { runAgent, type AgentPorts } from '#libs/agent';
import { modelRoute } from '#libs/providers';

/** A provider that answers with what `script` yields; `asked` keeps the requests. */
export function scriptedProvider(
  script: (request: ModelRequest) => AsyncIterable<ModelEvent> | Iterable<ModelEvent>,
  upstream = 'lab',
): ModelProvider & { asked: ModelRequest[] } {
  const asked: ModelRequest[] = [];
  return {
    upstream,
    asked,
    async *stream(request) {
      asked.push(request);
      yield* script(request);
    },
    listModels: async () => ['lab-model'],
  };
}

/** Model events for short: text, whole calls, and the end. */
export const says = {
  text: (text: string): ModelEvent => ({ type: 'text', text }),
  call: (callId: string, name: string, args: string): ModelEvent[] => [
    { type: 'tool_call', callId, name },
    { type: 'tool_arguments', callId, delta: args.slice(0, 3) },
    { type: 'tool_arguments', callId, delta: args.slice(3) },
  ],
  end: (finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter' = 'stop'): ModelEvent => ({
    type: 'end',
    finishReason,
    usage: { ...NO_USAGE, inputTokens: 5, outputTokens: 3 },
  }),
};

/** Complains when a model is given a history that upstreams refuse: each call is answered once, directly after it. */
export function checkHistory(messages: readonly Message[]): void {
  const open = new Set<string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.delete(message.callId)) throw new GatewayError('upstream_refused', `no call ${message.callId}`);
      continue;
    }
    if (open.size > 0) throw new GatewayError('upstream_refused', `unanswered calls: ${[...open].join()}`);
    if (message.role === 'assistant') message.toolCalls.forEach((call) => open.add(call.callId));
  }
  if (open.size > 0) throw new GatewayError('upstream_refused', `unanswered calls: ${[...open].join()}`);
}

export interface Lab {
  readonly spec: RunSpec;
  readonly provider: ModelProvider;
  readonly standIns?: readonly ModelProvider[];
  /** The window of each of them. */
  readonly contextTokens?: number;
  readonly tools?: readonly Tool[];
  readonly settings?: Partial<AgentPorts['settings']>;
  readonly ports?: Partial<AgentPorts>;
}

export interface Attempt {
  /** The whole log, the part it began with included. */
  readonly log: LoggedEvent[];
  readonly end?: TerminalEvent;
  readonly error?: unknown;
}

/**
 * Does with a run as a worker does: one attempt, from the log so far to the terminal event or the error. `log` may be
 * given to watch it grow.
 */
export async function attempt(lab: Lab, log: LoggedEvent[] = [queued(lab.spec)]): Promise<Attempt> {
  const append = (event: RunEvent): void => {
    log.push({ ...event, seq: log.length + 1, at: log.length });
  };
  const attempts = log.filter((event) => event.type === 'run.started').length;
  append({ type: 'run.started', attempt: attempts + 1, worker: `worker-${attempts + 1}` });
  try {
    const end = await runAgent(lab.spec, foldAll(log, EMPTY_SNAPSHOT), labPorts(lab, append));
    append(end);
    return { log, end };
  } catch (error) {
    return { log, error };
  }
}

/** The log of a run that nobody has taken up. */
export function queued({ runId, protocol, owner, model, echo }: RunSpec): LoggedEvent {
  return { type: 'run.queued', runId, protocol, owner, model, echo, seq: 1, at: 0 };
}

/** Types of the events, for comparing shapes. */
export function typesOf(log: readonly LoggedEvent[]): string[] {
  return log.map((event) => event.type);
}

/** Nothing needs to be allowed. */
export const NO_APPROVALS: AgentPorts['approvals'] = {
  scopeOf: () => undefined,
  recall: async () => undefined,
  remember: async () => undefined,
  open: async () => undefined,
  answerTo: async () => undefined,
  hear: async () => undefined,
  close: () => undefined,
  park: async () => 'awake',
};

/** The ports of a lab; every event goes to `append`. */
export function labPorts(lab: Lab, append: (event: RunEvent) => void): AgentPorts {
  const providers = [lab.provider, ...(lab.standIns ?? [])];
  const window = lab.contextTokens !== undefined && { contextTokens: lab.contextTokens };
  return {
    route: modelRoute(
      lab.spec.model,
      providers.map((provider) => ({ provider, model: 'lab-model', ...window })),
    ),
    tools: lab.tools ?? [],
    emit: (event) => void append(event),
    flushed: async () => undefined,
    signal: new AbortController().signal,
    isLeaving: () => false,
    now: () => performance.now(),
    startTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms);
      return () => clearTimeout(timer);
    },
    steers: async () => [],
    approvals: NO_APPROVALS,
    settings: { systemPrompt: '', stepsMax: 90, toolSecondsMax: 60, ...lab.settings },
    ...lab.ports,
  };
}
