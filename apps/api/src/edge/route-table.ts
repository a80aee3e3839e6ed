import type { FastifyInstance } from 'fastify';

interface Route {
  readonly method: string;
  /** The registered pattern: `/v1/runs/:id`, `/v1/models/*`. */
  readonly path: string;
}

/**
 * The routes of the router: the methods of each path (for 405 and Allow), and the routes that the documentation must
 * name.
 */
export class RouteTable {
  private readonly known: Route[] = [];
  private readonly patterns = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();

  get routes(): readonly Route[] {
    return this.known;
  }

  /** Records every route that is registered from now on. */
  watch(instance: FastifyInstance): void {
    instance.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) this.add(name, url);
    });
  }

  /** The methods of the routes that match a path without its query, sorted. Empty when no route matches. */
  methodsOf(path: string): readonly string[] {
    const methods = new Set<string>();
    for (const pattern of this.patterns.values()) {
      if (pattern.matches.test(path)) for (const method of pattern.methods) methods.add(method);
    }
    return [...methods].sort();
  }

  private add(method: string, path: string): void {
    this.known.push({ method, path });
    const pattern = this.patterns.get(path) ?? { matches: toRegExp(path), methods: new Set<string>() };
    pattern.methods.add(method);
    this.patterns.set(path, pattern);
  }
}

function toRegExp(path: string): RegExp {
  const source = path
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/:\w+/g, '[^/]+');
  return new RegExp(`^${source}$`);
}
