import {
  GatewayError,
  type FailedAttempt,
  type ModelAttempt,
  type ModelCandidate,
  type ModelRoute,
} from '#libs/contract';
import { canFallBack } from './strategies.js';
import { smallestWindow } from './window.js';

/**
 * Routes that stand in for each other. The next route is asked when the one before has no attempt left and its failure
 * is one that another upstream may not have.
 * @param routes at least one.
 */
export function routeChain(name: string, routes: readonly ModelRoute[]): ModelRoute {
  const [only] = routes;
  if (only && routes.length === 1) return only;
  /** The route that made each attempt. */
  const makers = new WeakMap<ModelCandidate, number>();
  return {
    name,
    ...smallestWindow(routes),
    async next(failed, affinity, signal, tokens) {
      let at = (failed && makers.get(failed.attempt.candidate)) ?? 0;
      let told: FailedAttempt | undefined = failed;
      let last: unknown = new GatewayError('model_not_found', `The model '${name}' leads nowhere.`);
      for (let route = routes[at]; route; route = routes[++at]) {
        try {
          const attempt: ModelAttempt = await route.next(told, affinity, signal, tokens);
          makers.set(attempt.candidate, at);
          return attempt;
        } catch (error) {
          if (!(error instanceof GatewayError) || !canFallBack(error)) throw error;
          last = error;
          told = undefined;
        }
      }
      throw last;
    },
  };
}
