import { GatewayError, NO_USAGE, type ModelEvent, type ModelRoute, type RunSpec, type Usage } from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { estimateTokens, messageTokens, toolTokens } from './messages/estimate-tokens.js';
import { openModelStream, type Question } from './open-model-stream.js';
import { questionOf } from './run-step.js';
import { reserveCall, settleCall } from './spend/reserve-call.js';

/**
 * Average of English prose and code. The caller's bound is in tokens of the model, whose tokenizer is not known here.
 */
const CHARS_PER_TOKEN = 4;

/**
 * Lets the model summarise a conversation that is longer than the caller's bound, in a step of its own. In later steps,
 * and in everything that continues the run, the summary replaces what came before it. A summary that fails or is cut
 * off is discarded without loss: the run continues with the whole conversation, and the upstream decides. Throws the
 * signal's reason after an abort.
 */
export async function compactConversation(run: AgentRun): Promise<Compacted> {
  const { spec, ports, book } = run;
  const question = questionOf(run);
  if (!spec.compaction || tokensOf(question) <= boundOf(spec.compaction, ports.route)) return NOT_COMPACTED;
  const messages = [...question.messages, spec.compaction.task];
  const made = await summaryOf(run, { ...question, messages, toolChoice: { kind: 'none' } });
  ports.signal.throwIfAborted();
  if (made.summary === '') return { isMade: false, spent: made.usage };
  const step = (book.snapshot().steps.at(-1)?.step ?? 0) + 1;
  await book.emit({ type: 'step.started', step, model: made.model, upstream: made.upstream });
  await book.emit({ type: 'text.delta', step, text: '', compaction: made.summary });
  // This finish reason says that more follows, so a worker of an earlier version that takes the run over continues it
  // too.
  await book.emit({ type: 'step.completed', step, finishReason: 'tool_calls', usage: made.usage });
  return { isMade: true, spent: NO_USAGE };
}

export interface Compacted {
  /** There is a summary. */
  readonly isMade: boolean;
  /** Usage of a discarded summary, as far as its upstream reported it. No step of its own records it. */
  readonly spent: Usage;
}

export const NOT_COMPACTED: Compacted = { isMade: false, spent: NO_USAGE };

function boundOf({ above, share }: NonNullable<RunSpec['compaction']>, { contextTokens }: ModelRoute): number {
  return share === undefined || contextTokens === undefined ? above : Math.floor(share * contextTokens);
}

function tokensOf({ system, messages, tools }: Question): number {
  const count = (text: string): number => estimateTokens(text, CHARS_PER_TOKEN);
  const said = messages.reduce((sum, message) => sum + messageTokens(message, count), 0);
  return count(system) + toolTokens(tools, count) + said;
}

interface Summary {
  /** Empty when the summary was discarded. */
  readonly summary: string;
  readonly model: string;
  readonly upstream: string;
  readonly usage: Usage;
}

async function summaryOf(run: AgentRun, asked: Question): Promise<Summary> {
  const { spec, ports } = run;
  const { question } = await reserveCall(run, asked);
  try {
    const { candidate, events } = await openModelStream(ports.route, question, spec.truncation);
    const { text, end } = await textOf(events);
    const summary = end?.finishReason === 'stop' ? text.trim() : '';
    const { model, provider } = candidate;
    await settleCall(run, { model, upstream: provider.upstream, usage: end?.usage ?? NO_USAGE });
    return { summary, model, upstream: provider.upstream, usage: end?.usage ?? NO_USAGE };
  } catch (cause) {
    if (cause instanceof GatewayError) return { summary: '', model: '', upstream: '', usage: NO_USAGE };
    throw cause;
  }
}

type End = Extract<ModelEvent, { type: 'end' }>;

async function textOf(events: AsyncIterable<ModelEvent>): Promise<{ readonly text: string; readonly end?: End }> {
  let text = '';
  for await (const event of events) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'end') return { text, end: event };
  }
  return { text };
}
