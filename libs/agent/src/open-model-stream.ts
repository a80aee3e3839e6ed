import {
  GatewayError,
  type ErrorCode,
  type ModelCandidate,
  type ModelEvent,
  type ModelRequest,
  type ModelRoute,
} from '#libs/contract';

/** An answer that has begun. */
export interface ModelStream {
  readonly candidate: ModelCandidate;
  /** All events of the answer, the first included. Iterate it once; leaving the loop closes the upstream. */
  readonly events: AsyncIterable<ModelEvent>;
}

/**
 * Asks the candidates in turn until one says something. A candidate that fails before its first event makes way for the
 * next when the failure is the upstream's own (see `FALLS_BACK`); the last failure is thrown. Nothing is retried after
 * the first event: the listener has seen it.
 */
export async function openModelStream(route: ModelRoute, request: Omit<ModelRequest, 'model'>): Promise<ModelStream> {
  let failure: unknown = new GatewayError('model_not_found', `The model '${route.name}' leads nowhere.`);
  for (const candidate of route.candidates) {
    request.signal.throwIfAborted();
    try {
      const iterator = candidate.provider.stream({ ...request, model: candidate.model })[Symbol.asyncIterator]();
      const first = await iterator.next();
      if (first.done) throw new GatewayError('upstream_cut', 'The upstream ended its answer before it began.');
      return { candidate, events: startingWith(first, iterator) };
    } catch (error) {
      if (!mayFallBack(error)) throw error;
      failure = error;
    }
  }
  throw failure;
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

/** Puts the first event back in front. A plain object and no generator: it adds no promise of its own per event. */
function startingWith(
  first: IteratorResult<ModelEvent>,
  iterator: AsyncIterator<ModelEvent>,
): AsyncIterable<ModelEvent> {
  let pending: IteratorResult<ModelEvent> | undefined = first;
  const rest: AsyncIterator<ModelEvent> = {
    next() {
      if (!pending) return iterator.next();
      const result = Promise.resolve(pending);
      pending = undefined;
      return result;
    },
    return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
  return { [Symbol.asyncIterator]: () => rest };
}
