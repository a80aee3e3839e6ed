import type { Protocol } from './protocol.js';
import type { RequestHeaders } from './request-context.js';

/** The path of the lists of models, in every shape. */
export const MODELS_PATH = '/v1/models';

/** Every path that is a protocol's own. */
export function pathsOf({ path, aliases = [], routes = [] }: Protocol): readonly string[] {
  return [path, ...aliases, ...routes.map((route) => route.path)];
}

/**
 * The protocol in whose shape a request is answered, even when it fails: the owner of the path, else of a path above
 * it, else the one whose shape the list of models has.
 */
export function protocolAt(
  protocols: readonly Protocol[],
): (path: string, headers: RequestHeaders) => Protocol | undefined {
  const owners = new Map(protocols.flatMap((protocol) => pathsOf(protocol).map((path) => [path, protocol] as const)));
  return (path, headers) => {
    if (isBelow(path, MODELS_PATH)) return modelProtocolFor(protocols, headers);
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const owner = owners.get(at);
      if (owner) return owner;
    }
    return undefined;
  };
}

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);

/** The protocol in whose shape a request for models is answered. `checkProtocols` ensures that there is one. */
export function modelProtocolFor(protocols: readonly Protocol[], headers: RequestHeaders): Protocol | undefined {
  const withModels = protocols.filter(({ models }) => models !== undefined);
  return (
    withModels.find(({ models }) => models?.speaks?.(headers) === true) ??
    withModels.find(({ models }) => models?.speaks === undefined)
  );
}
