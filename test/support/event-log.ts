import fc from './property.js';
import type { FinishReason, JsonObject, LoggedEvent, RunEvent, TerminalEvent } from '#libs/contract';

/**
 * Whole logs of ended runs, legal by test/support/event-grammar.ts: several steps and attempts, lost workers, calls of
 * both kinds with their arguments in fragments and out of step, cut answers, and ends of every kind. Texts are hostile.
 */
export function eventLogs(): fc.Arbitrary<LoggedEvent[]> {
  return fc.record({ steps: fc.array(stepPlan, { maxLength: 4 }), echo: echoes, end: ends }).map(writeLog);
}

/** Puts events into their places: seq 1, 2, 3 ..., seven milliseconds apart. */
export function logged(events: readonly RunEvent[]): LoggedEvent[] {
  return events.map((event, i) => ({ ...event, seq: i + 1, at: 1_790_000_000_123 + i * 7 }));
}

const texts = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\n\n',
      '\r',
      '\r\n',
      '\u2028',
      '\0',
      '\ud800',
      'data: [DONE]\n\n',
      'event: x\n',
    ),
  },
);

const usages = fc.record({
  inputTokens: fc.nat(999),
  outputTokens: fc.nat(999),
  cachedInputTokens: fc.nat(9),
  reasoningTokens: fc.nat(9),
});

const words = fc.record({
  kind: fc.constantFrom('text', 'text', 'reasoning', 'refusal'),
  deltas: fc.array(texts, { minLength: 1, maxLength: 4 }),
  hasLogprobs: fc.boolean(),
  /** What texts have beside their words. */
  beside: fc.constantFrom('nothing', 'nothing', 'nothing', 'citations', 'image'),
});

const calls = fc.record({
  kind: fc.constant('call' as const),
  executedBy: fc.constantFrom('server', 'client'),
  name: fc.constantFrom('clock', 'search', '_internal'),
  arguments: fc.array(texts, { maxLength: 4 }),
  /** Its arguments come after everything else of the step. */
  isLate: fc.boolean(),
  progress: fc.array(texts, { maxLength: 2 }),
  approval: fc.constantFrom('none', 'none', 'asked', 'parked', 'policy'),
  decision: fc.constantFrom('once', 'session', 'always', 'deny'),
  output: texts,
  isError: fc.boolean(),
});

const stepPlan = fc.record({
  pieces: fc.array(fc.oneof({ weight: 3, arbitrary: words }, { weight: 2, arbitrary: calls }), { maxLength: 5 }),
  cut: fc.constantFrom(null, null, null, null, 'length', 'content_filter'),
  /**
   * Where its worker is lost: while the model speaks (and repeats itself, or not), while tools are executed, or
   * nowhere.
   */
  lost: fc.constantFrom('nowhere', 'nowhere', 'nowhere', 'speaking', 'repeated', 'executing'),
  usage: usages,
  steer: fc.option(texts, { freq: 5 }),
});

const echoes = fc.record({
  includeUsage: fc.boolean(),
  usageOnFinish: fc.boolean(),
  logprobs: fc.boolean(),
  fields: fc.constantFrom({}, { background: true }, { store: false, instructions: 'Be brief.' }),
  namespaced: fc.constantFrom({}, { search: { namespace: 'web', name: 'find' } }),
});

const ends = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      event: fc.constantFrom<TerminalEvent>(
        { type: 'run.failed', error: { code: 'upstream_cut', message: 'The upstream broke off.', param: 'x' } },
        { type: 'run.failed', error: { code: 'worker_lost', message: 'Lost.' } },
        { type: 'run.cancelled', reason: 'requested', leftover: ['too late'] },
        { type: 'run.cancelled', reason: 'client_disconnected' },
      ),
      /** The part of the log before it, in percent. */
      after: fc.nat(100),
    }),
  },
);

type Valued<A> = A extends fc.Arbitrary<infer T> ? T : never;
type StepPlan = Valued<typeof stepPlan>;
type Words = Valued<typeof words>;
type Call = Valued<typeof calls> & { readonly callId: string };

interface LogPlan {
  readonly steps: readonly StepPlan[];
  readonly echo: JsonObject;
  readonly end: Valued<typeof ends>;
}

function writeLog({ steps, echo, end }: LogPlan): LoggedEvent[] {
  const writer = new LogWriter(echo);
  const terminal = steps.reduce<TerminalEvent | undefined>((ended, plan) => ended ?? writer.step(plan), undefined);
  const last = terminal ?? writer.lastWords();
  const events = [...writer.events, last];
  if (!end) return logged(events);
  const kept = Math.max(1, Math.floor(((events.length - 1) * end.after) / 100));
  return logged([...events.slice(0, kept), end.event]);
}

class LogWriter {
  readonly events: RunEvent[] = [];
  private attempt = 0;
  private steps = 0;
  private calls = 0;
  private reason: FinishReason | undefined;

  constructor(echo: JsonObject) {
    const run = { runId: 'run_01', protocol: 'openai-chat', owner: 'alice', model: 'demo', echo };
    this.events.push({ type: 'run.queued', ...run });
    this.start();
  }

  /** The end of the run, when the step leads to one. */
  step(plan: StepPlan): TerminalEvent | undefined {
    const step = ++this.steps;
    if (plan.steer !== null) this.events.push({ type: 'run.steered', text: plan.steer });
    this.events.push({ type: 'step.started', step, model: 'm', upstream: 'u' });
    const asked = this.speak(step, plan.pieces, plan.lost === 'repeated');
    if (plan.lost === 'speaking') {
      this.start();
      this.events.push({ type: 'step.interrupted', step, reason: 'worker_lost' });
      return undefined;
    }
    if (!plan.cut) this.execute(step, asked, plan);
    const finishReason = plan.cut ?? (asked.length > 0 ? 'tool_calls' : 'stop');
    this.events.push({ type: 'step.completed', step, finishReason, usage: plan.usage });
    this.reason = finishReason;
    if (finishReason === 'stop') return { type: 'run.completed', finishReason: 'stop' };
    if (finishReason === 'length') return { type: 'run.incomplete', reason: 'max_output_tokens' };
    if (finishReason === 'content_filter') return { type: 'run.incomplete', reason: 'content_filter' };
    const asksTheClient = asked.some((call) => call.executedBy === 'client');
    return asksTheClient ? { type: 'run.completed', finishReason: 'tool_calls' } : undefined;
  }

  /** The plan is used up and the run is not at its end. */
  lastWords(): TerminalEvent {
    const wasLost = this.events.at(-1)?.type === 'step.interrupted';
    if (this.reason === 'tool_calls' && !wasLost) return { type: 'run.incomplete', reason: 'max_steps' };
    const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, reasoningTokens: 0 };
    const pieces: Words[] = [{ kind: 'text', deltas: ['The ', 'end.'], hasLogprobs: false, beside: 'nothing' }];
    this.step({ pieces, cut: null, lost: 'nowhere', usage, steer: null });
    return { type: 'run.completed', finishReason: 'stop' };
  }

  private ask(step: number, calls: readonly Call[], usage: StepPlan['usage']): void {
    const asked = calls.filter(({ approval }) => approval === 'asked' || approval === 'parked');
    const ids = (call: Call) => ({ step, callId: call.callId, approvalId: `apr_${call.callId}` });
    for (const call of asked) {
      const text = call.arguments.join('');
      this.events.push({ type: 'approval.requested', ...ids(call), name: call.name, arguments: text, expiresAt: 2e12 });
    }
    if (asked.some(({ approval }) => approval === 'parked')) {
      this.events.push({ type: 'run.parked', step, usage });
      this.start();
    }
    for (const call of calls.filter(({ approval }) => approval !== 'none')) {
      const by = call.approval === 'policy' ? 'policy' : call.decision === 'deny' ? 'timeout' : 'user';
      this.events.push({ type: 'approval.resolved', ...ids(call), decision: call.decision, by });
    }
  }

  private start(): void {
    this.attempt++;
    this.events.push({ type: 'run.started', attempt: this.attempt, worker: `w${this.attempt}` });
  }

  /** @param isLost its worker is lost after the first text, and the next one goes on there. */
  private speak(step: number, pieces: StepPlan['pieces'], isLost: boolean): Call[] {
    const asked: Call[] = [];
    let goesOn = isLost;
    for (const piece of pieces) {
      if (piece.kind !== 'call') {
        this.say(step, piece);
        // Only one kind of text was shown so far, and the next attempt goes on with it.
        if (goesOn && piece.kind === 'text' && !piece.hasLogprobs && piece.beside !== 'image') {
          this.start();
          this.say(step, piece);
        }
        goesOn &&= piece.kind === 'reasoning';
        continue;
      }
      goesOn = false;
      const call = { ...piece, callId: `call_${++this.calls}` };
      const { callId, name, executedBy } = call;
      this.events.push({ type: 'tool_call.started', step, callId, name, executedBy });
      if (!call.isLate) this.argue(step, call);
      asked.push(call);
    }
    for (const call of asked.filter(({ isLate }) => isLate)) this.argue(step, call);
    return asked;
  }

  private say(step: number, { kind, deltas, hasLogprobs, beside }: Words): void {
    for (const text of deltas) {
      if (kind === 'text' && beside === 'citations') {
        const citations = [{ url: 'https://a.example', title: text, start: 1, end: 3 }];
        this.events.push({ type: 'text.delta', step, text, citations });
        continue;
      }
      if (kind === 'text' && hasLogprobs)
        this.events.push({ type: 'text.delta', step, text, logprobs: [{ token: text }] });
      else this.events.push({ type: `${kind}.delta`, step, text });
    }
    if (kind !== 'text' || beside !== 'image') return;
    this.events.push({ type: 'text.delta', step, text: '', image: 'data:image/png;base64,iVBORw0KGgo=' });
  }

  private argue(step: number, call: Call): void {
    for (const delta of call.arguments) {
      this.events.push({ type: 'tool_call.arguments.delta', step, callId: call.callId, delta });
    }
  }

  private execute(step: number, asked: readonly Call[], { lost, usage }: Pick<StepPlan, 'lost' | 'usage'>): void {
    for (const { callId, name, executedBy, arguments: deltas } of asked) {
      this.events.push({ type: 'tool_call.ready', step, callId, name, arguments: deltas.join(''), executedBy });
    }
    const own = asked.filter((call) => call.executedBy === 'server');
    this.ask(step, own, usage);
    for (const { callId, name } of own) this.events.push({ type: 'tool.started', step, callId, name });
    if (lost === 'executing' && own.length > 0) this.start();
    for (const { callId, name, progress, output, isError } of own.toReversed()) {
      for (const text of progress) this.events.push({ type: 'tool.progress', step, callId, text });
      this.events.push({ type: 'tool.completed', step, callId, name, output, isError, durationMs: output.length * 10 });
    }
  }
}
