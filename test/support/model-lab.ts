import {
  GatewayError,
  type ModelCandidate,
  type ModelEvent,
  type ModelProvider,
  type ModelRequest,
  type Reasoning,
  type UpstreamSettings,
} from '#libs/contract';
import { modelRoute, RefusedMemory } from '#libs/providers';
import { openModelStream } from '../../libs/agent/src/open-model-stream.js';
import { withSlack } from './slack.js';

/** A request with one question and nothing special about it. */
export function question(model: string, overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model,
    system: '',
    messages: [{ role: 'user', content: 'Say something.' }],
    tools: [],
    toolChoice: { kind: 'auto' },
    sampling: {},
    affinity: 'lab',
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** Settings of a patient upstream that is not asked twice. */
export function upstreamSettings(
  provider: UpstreamSettings['provider'],
  overrides: Partial<UpstreamSettings> = {},
): UpstreamSettings {
  return {
    name: 'lab',
    provider,
    apiKey: 'sk-lab-0123456789abcdef',
    retriesMax: 0,
    firstByteTimeoutMs: withSlack(10_000),
    idleTimeoutMs: withSlack(10_000),
    ...overrides,
  };
}

export interface Heard {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  /** In the order they began. */
  readonly calls: readonly { readonly callId: string; readonly name: string; readonly arguments: string }[];
  readonly end?: Extract<ModelEvent, { type: 'end' }>;
  readonly events: readonly ModelEvent[];
  /** The error that the stream threw. */
  readonly error?: unknown;
}

/** Listens to an answer until it ends or fails, and puts its pieces together. */
export async function listen(provider: ModelProvider, request: ModelRequest): Promise<Heard> {
  const events: ModelEvent[] = [];
  try {
    for await (const event of provider.stream(request)) events.push(event);
  } catch (error) {
    return heard(events, { error });
  }
  return heard(events, {});
}

/**
 * Listens to the answer that a route leads to, asking again as its policy says; to the last failure if there is none.
 */
export async function ask(
  candidates: readonly Omit<ModelCandidate, 'model'>[],
  request: ModelRequest,
  refused = new RefusedMemory(),
): Promise<Heard> {
  const events: ModelEvent[] = [];
  const { model } = request;
  const route = modelRoute(
    model,
    candidates.map((candidate) => ({ ...candidate, model })),
    refused,
  );
  try {
    const { leftOut, events: answer } = await openModelStream(route, request);
    if (leftOut.length > 0) events.push({ type: 'left_out', fields: leftOut });
    for await (const event of answer) events.push(event);
  } catch (error) {
    return heard(events, { error });
  }
  return heard(events, {});
}

/** The failure of an answer that must fail. */
export function gatewayError({ error }: Heard): GatewayError {
  if (!(error instanceof GatewayError)) throw new Error(`not a GatewayError: ${String(error)}`, { cause: error });
  return error;
}

/** Blocks of reasoning that end with a seal, each with its whole text. */
export function sealedBlocks(events: readonly ModelEvent[]): Reasoning[] {
  const blocks: Reasoning[] = [];
  let text = '';
  for (const event of events) {
    if (event.type !== 'reasoning') continue;
    text += event.text;
    if (!event.seal) continue;
    blocks.push({ text, seal: event.seal });
    text = '';
  }
  return blocks;
}

function heard(events: readonly ModelEvent[], rest: { error?: unknown }): Heard {
  const joined = (type: 'text' | 'reasoning' | 'refusal'): string =>
    events.map((event) => (event.type === type ? event.text : '')).join('');
  const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event] : []));
  const argumentsOf = (callId: string): string =>
    events.map((event) => (event.type === 'tool_arguments' && event.callId === callId ? event.delta : '')).join('');
  const end = events.find((event) => event.type === 'end');
  return {
    text: joined('text'),
    reasoning: joined('reasoning'),
    refusal: joined('refusal'),
    calls: calls.map(({ callId, name }) => ({ callId, name, arguments: argumentsOf(callId) })),
    ...(end && { end }),
    events,
    ...rest,
  };
}
