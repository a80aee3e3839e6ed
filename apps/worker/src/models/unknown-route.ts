import { GatewayError, type ModelRoute } from '#libs/contract';
import { saysUnknownModel } from '#libs/providers';

/**
 * The route of a name that is passed on as it came. The caller chose the name, and nobody here knows it: when the
 * upstream does not know it either, the request is at fault, with `model_not_found`.
 */
export function unknownRoute(route: ModelRoute): ModelRoute {
  return {
    ...route,
    async next(...asked) {
      try {
        return await route.next(...asked);
      } catch (cause) {
        if (!saysUnknownModel(cause)) throw cause;
        const message = `The model ${JSON.stringify(route.name)} does not exist.`;
        throw new GatewayError('model_not_found', message, { cause, param: 'model' });
      }
    },
  };
}
