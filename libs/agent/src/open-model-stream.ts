import {
  GatewayError,
  type ErrorCode,
  type ModelCandidate,
  type ModelEvent,
  type ModelRequest,
  type ModelRoute,
  type RunSpec,
} from '#libs/contract';
import { trimMessages } from './messages/trim-messages.js';

/** An answer that has begun. */
export interface ModelStream {
  readonly candidate: ModelCandidate;
  /** All events of the answer, the first included. Iterate it once; leaving the loop closes the upstream. */
  readonly events: AsyncIterable<ModelEvent>;
}

/**
 * Asks the candidates in turn until one says something. A candidate that fails before its first event makes way for the
 * next when the failure is the upstream's own (see `FALLS_BACK`); the last failure is thrown. Each candidate is sent
 * the newest turns that fit its window, or everything if nothing may be left out. Nothing is retried after the first
 * event: the listener has seen it.
 */
export async function openModelStream(
  route: ModelRoute,
  request: Omit<ModelRequest, 'model'>,
  truncation: RunSpec['truncation'] = 'auto',
): Promise<ModelStream> {
  let failure: unknown;
  for (const candidate of route.candidates) {
    request.signal.throwIfAborted();
    try {
      const { provider, model, contextTokens } = candidate;
      const { outputTokensMax } = request.sampling;
      const window = { contextTokens: truncation === 'auto' ? contextTokens : undefined, outputTokensMax };
      const messages = trimMessages(request, window);
      const iterator = provider.stream({ ...request, messages, model })[Symbol.asyncIterator]();
      const first = await iterator.next();
      if (first.done) throw new GatewayError('upstream_cut', 'The upstream ended its answer before it began.');
      return { candidate, events: startingWith([first.value], iterator) };
    } catch (error) {
      if (!mayFallBack(error)) throw error;
      failure = error;
    }
  }
  throw failure ?? new GatewayError('model_not_found', `The model '${route.name}' leads nowhere.`);
}

/**
 * Failures that another upstream may not have. Not among them: a refused request and a conversation that is too long
 * are the request's own fault, and a second upstream would hide that.
 */
const FALLS_BACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_error',
  'upstream_cut',
  'upstream_invalid',
  'upstream_auth_failed',
  'upstream_rate_limited',
  'upstream_unreachable',
  'upstream_timeout',
]);

function mayFallBack(error: unknown): boolean {
  return error instanceof GatewayError && FALLS_BACK.has(error.code);
}

/**
 * Puts events that were read back in front. A plain object and no generator: it adds no promise of its own per event.
 */
export function startingWith(
  read: readonly ModelEvent[],
  iterator: AsyncIterator<ModelEvent>,
): AsyncIterable<ModelEvent> {
  let at = 0;
  const rest: AsyncIterator<ModelEvent> = {
    next() {
      const value = read[at];
      if (value === undefined) return iterator.next();
      at++;
      return Promise.resolve({ done: false, value });
    },
    return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
  return { [Symbol.asyncIterator]: () => rest };
}
