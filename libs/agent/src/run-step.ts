import {
  addUsage,
  affinityOf,
  checkArguments,
  checkCallCount,
  GatewayError,
  NO_USAGE,
  type EmbeddingsOrder,
  sessionNameOf,
  type EventOf,
  type FinishReason,
  type JsonObject,
  type ModelEvent,
  type RunEvent,
  type ToolChoice,
  type Usage,
} from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { conversation, systemText } from './messages/conversation.js';
import { openModelStream, type ModelStream, type Question } from './open-model-stream.js';
import { placeAnswer, type PlacedAnswer } from './place-answer.js';
import { shownPart } from './shown-parts.js';
import { shownStep } from './repeated-text.js';
import { runCalls } from './calls/run-calls.js';
import { isCutByCost, reserveCall, settleBroken, settleCall, type Reserved } from './spend/reserve-call.js';
import { toolChoiceOf } from './toolbox.js';
import { isUpstreamTool, UpstreamTools, type UpstreamToolEvent } from './calls/upstream-tools.js';

/**
 * One model call and the tools it asked for, from `step.started` to `step.completed`.
 *
 * `step.started` names the candidate that answers. So it is emitted with that candidate's first event, not when the
 * first candidate is asked: until then nobody knows which one will answer, and nothing of the step can be seen.
 * @param spent usage before this step that no other step reports; it is added to this step's.
 */
export async function runStep(run: AgentRun, spent: Usage = NO_USAGE): Promise<void> {
  const { book } = run;
  const shown = shownStep(book.snapshot());
  // The user's texts stand between steps. While a step is open they wait for the next one.
  if (!shown) await takeSteers(run);
  const reserved = await reserveCall(run, questionOf(run));
  const stream = await ask(run, reserved);
  const theirs = new UpstreamTools(run);
  const answer = await relay(run, { ...(await placeAnswer(run, stream, shown)), theirs })
    .catch(async (cause: unknown) => {
      await settleBroken(run, reserved);
      throw cause;
    })
    .finally(() => theirs.close());
  const { step, finishReason, usage: own, serviceTier, calls } = answer;
  const usage = addUsage(own, spent);
  const { model, provider } = stream.candidate;
  await settleCall(run, { model, upstream: provider.upstream, usage });
  if (finishReason === 'tool_calls') {
    for (const call of calls) await book.emit({ type: 'tool_call.ready', step, ...call });
    await runCalls(run, step, usage);
  }
  const tier = serviceTier !== undefined && { serviceTier };
  const isCut = finishReason === 'length' && isCutByCost(reserved, stream.candidate);
  const limit = isCut && { limit: reserved.limit };
  await book.emit({ type: 'step.completed', step, finishReason, usage, ...tier, ...limit });
}

/** Texts that the user has added since the last step come before this one. */
async function takeSteers({ ports, book }: AgentRun): Promise<void> {
  const taken = book.snapshot().steers?.length ?? 0;
  for (const text of (await ports.steers()).slice(taken)) await book.emit({ type: 'run.steered', text });
}

/** A call that no upstream began to answer has cost nothing: its reservation ends. */
async function ask(run: AgentRun, { question }: Reserved): Promise<ModelStream> {
  try {
    return await openModelStream(run.ports.route, question, run.spec.truncation);
  } catch (cause) {
    await settleCall(run);
    throw cause;
  }
}

/** The question for the next model call. */
export function questionOf(run: AgentRun): Question {
  const { spec, ports, book, toolbox } = run;
  if (spec.embed) return questionForVectors(run, spec.embed);
  const snapshot = book.snapshot();
  const system = systemText(ports.settings.systemPrompt, spec.instructions);
  const messages = conversation(spec, snapshot);
  return {
    system,
    messages,
    tools: toolbox.offered,
    callerTools: spec.tools,
    toolsAreOptional: spec.tools.length === 0 && (spec.toolChoice.kind === 'auto' || spec.toolChoice.kind === 'none'),
    toolChoice: choiceOfStep(run),
    sampling: spec.sampling,
    affinity: affinityOf(spec, messages),
    ...sessionNameOf(spec),
    signal: ports.signal,
  };
}

/** Texts to embed share no prompt cache, so each request goes where there is most room. */
function questionForVectors({ spec, ports }: AgentRun, embed: EmbeddingsOrder): Question {
  const { runId, sampling } = spec;
  const { signal } = ports;
  const toolChoice = { kind: 'none' } as const;
  return { system: '', messages: [], tools: [], toolChoice, sampling, embed, affinity: runId, signal };
}

function choiceOfStep({ spec, book }: AgentRun): ToolChoice {
  const isFirstStep = !book.snapshot().steps.some((step) => step.status === 'completed');
  return toolChoiceOf(spec.toolChoice, isFirstStep);
}

interface Answer {
  /** The step in which the answer ended: an upstream that runs tools itself speaks in several. */
  readonly step: number;
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  readonly serviceTier?: string;
  readonly calls: Iterable<OpenCall>;
}

type OpenCall = Pick<EventOf<'tool_call.ready'>, 'callId' | 'name' | 'executedBy'> & {
  arguments: string;
  extraContent?: JsonObject;
};

type Relayed = PlacedAnswer & { readonly theirs: UpstreamTools };

/**
 * Turns model events into run events until the model ends. This is the hot path: no copies, and no await without
 * back-pressure.
 */
async function relay(run: AgentRun, { step: first, isOpen, stream, theirs }: Relayed): Promise<Answer> {
  const { ports, book, toolbox } = run;
  const calls = new Map<string, OpenCall>();
  let step = first;
  const take = (event: Exclude<ModelEvent, { type: 'end' } | UpstreamToolEvent>): RunEvent | undefined => {
    switch (event.type) {
      case 'text':
        if (event.logprobs) return { type: 'text.delta', step, text: event.text, logprobs: event.logprobs };
        return event.text === '' ? undefined : { type: 'text.delta', step, text: event.text };
      case 'reasoning':
        if (event.seal) return { type: 'reasoning.delta', step, text: event.text, seal: event.seal };
        return event.text === '' ? undefined : { type: 'reasoning.delta', step, text: event.text };
      case 'refusal':
        return event.text === '' ? undefined : { type: 'refusal.delta', step, text: event.text };
      case 'tool_call': {
        const { callId, name, extraContent } = event;
        const executedBy = toolbox.executedBy(name);
        const begun = { callId, name, executedBy, ...(extraContent && { extraContent }) };
        openCall(calls, { ...begun, arguments: '' });
        return { type: 'tool_call.started', step, ...begun };
      }
      case 'tool_arguments':
        if (event.delta === '') return undefined;
        addArguments(calls, event.callId, event.delta);
        return { type: 'tool_call.arguments.delta', step, callId: event.callId, delta: event.delta };
      case 'tool_extra':
        knownCall(calls, event.callId).extraContent = event.extraContent;
        return undefined;
      case 'citations':
      case 'image':
      case 'vectors':
        return shownPart(book, step, event);
      case 'left_out':
        // `step.started` carries this already.
        return undefined;
    }
  };
  let begun = isOpen;
  for await (const event of stream.events) {
    if (ports.signal.aborted) throw ports.signal.reason;
    if (!begun) await book.emit(startOf(step, stream));
    begun = true;
    if (isUpstreamTool(event)) {
      await theirs.take(event, step);
      continue;
    }
    // A caller's call is ready at the end of the step only, so such a step stays open.
    if (theirs.areInStep && calls.size === 0 && !isSilent(event)) step = await theirs.nextStep(step, stream.candidate);
    if (event.type === 'end') {
      await theirs.settle(step);
      return { step, ...answerOf(event, calls) };
    }
    const said = take(event);
    const full = said && book.emit(said);
    if (full) await full;
  }
  throw new GatewayError('upstream_cut', 'The upstream broke off its answer.');
}

/**
 * Upstreams differ in the finish reason of an answer with calls, so the presence of calls decides between `stop` and
 * `tool_calls`. `length` and `content_filter` win: the last call may be broken off, and none of the calls is executed.
 * Such calls get no `tool_call.ready`, which would say that their arguments are complete.
 */
function answerOf(
  { finishReason, usage, serviceTier }: ModelEvent & { type: 'end' },
  calls: Map<string, OpenCall>,
): Omit<Answer, 'step'> {
  const isCut = finishReason === 'length' || finishReason === 'content_filter';
  const reason = isCut ? finishReason : calls.size > 0 ? 'tool_calls' : 'stop';
  return { finishReason: reason, usage, ...(serviceTier !== undefined && { serviceTier }), calls: calls.values() };
}

function startOf(step: number, { candidate, leftOut, attempts }: ModelStream): EventOf<'step.started'> {
  const { provider, model } = candidate;
  const more = { ...(attempts > 1 && { attempts }), ...(leftOut.length > 0 && { leftOut }) };
  return { type: 'step.started', step, model, upstream: provider.upstream, ...more };
}

const isSilent = (event: ModelEvent): boolean =>
  (event.type === 'text' || event.type === 'reasoning') && event.text === '' && !('seal' in event);

function openCall(calls: Map<string, OpenCall>, call: OpenCall): void {
  if (calls.has(call.callId)) throw invalid('used one call id twice');
  checkCallCount(calls.size + 1);
  calls.set(call.callId, call);
}

function addArguments(calls: Map<string, OpenCall>, callId: string, delta: string): void {
  const call = knownCall(calls, callId);
  checkArguments(call.arguments.length + delta.length);
  call.arguments += delta;
}

function knownCall(calls: Map<string, OpenCall>, callId: string): OpenCall {
  const call = calls.get(callId);
  if (call) return call;
  throw invalid('sent a part of a call that had not begun');
}

function invalid(what: string): GatewayError {
  return new GatewayError('upstream_invalid', `The upstream ${what}.`);
}
